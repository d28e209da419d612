"""What reportlab asks of Pillow before it draws anything."""


class Image:
    """No picture is one of these."""
