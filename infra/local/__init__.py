"""The stack on this machine: the packaged app, deployed on an emulator of AWS, and a clock that can be moved."""
