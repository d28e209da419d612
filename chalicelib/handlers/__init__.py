"""The Lambda functions: parse, call one service, serialise. Each package is a subject."""
