"""Routes of invite links, visits and sign-ups."""
