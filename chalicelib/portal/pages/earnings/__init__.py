"""Pages of what a partner earns: its lines and how it is paid out, payouts."""
