"""The steps that fall due: the charge of a renewal, quiet steps, and the forecast of both. Uses accounts."""
