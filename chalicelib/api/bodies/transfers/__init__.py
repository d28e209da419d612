"""Bodies of permission to manage and of moves between partners."""
