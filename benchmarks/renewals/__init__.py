"""The renewals of a morning, timed and counted, beside those of django-silver on PostgreSQL in the same run."""
