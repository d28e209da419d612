"""Invite links with their names, counts of visits and sign-ups, and trials that public sign-ups used up."""
