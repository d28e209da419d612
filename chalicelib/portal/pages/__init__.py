"""The pages, a module for each subject; `site.py` says which paths lead to which. May use all of the portal."""
