"""Stands in for Pillow in the package for Lambda: reportlab imports it at once, but our documents have no pictures."""
