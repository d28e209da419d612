"""What all HTTP requests share: routes and their checks, bodies, errors, idempotency, pages, the OpenAPI document."""
