"""An account: what it is, what may be done to it, and what it is afterwards. Uses billing, setup and what they use."""
