"""The portal: pages for the people at a partner and at the vendor. May use `api`, `services` and the domain.

Here is what all pages share; the pages are in `pages`, and what serves one subject is beside its pages. Only requests
for pages import it: `handlers/portal.py` does so in its view. docs/portal.md says how to add a page.
"""
