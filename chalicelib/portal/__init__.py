"""The portal: pages for the people at a partner and at the vendor. May use `api`, `services` and the domain.

Only requests for pages import it: `handlers/portal.py` does so in its view. docs/portal.md says how to add a page.
"""
