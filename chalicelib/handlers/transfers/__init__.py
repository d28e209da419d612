"""Routes of permission to manage and of moves between partners, and the clients' pages about them."""
