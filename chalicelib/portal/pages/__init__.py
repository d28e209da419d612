"""The pages, a package for each subject; `site.py` says which paths lead to which module. May use all of the portal."""
