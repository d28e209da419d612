"""A charge: its kind, its lines, how it is split over prepaid money and the card. Uses the catalog."""
