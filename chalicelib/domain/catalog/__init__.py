"""What a program sells, and for how much: programs, plans, prices, quotes. Uses money and the calendar only."""
