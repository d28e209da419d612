"""The rules about people who use the portal."""
