"""Pages of those who sign in: signing in, one's own sign-in, the team, an invitation to it."""
