"""Walkthroughs: stories told over HTTP on a stack of their own, and written down as pages of docs/walkthroughs."""
