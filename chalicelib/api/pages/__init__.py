"""Pages for clients, in the account's branding and the client's language (docs/decisions/client-access.md).

They work without JavaScript: a page is read with GET and its form is sent with POST, as browsers send forms.
"""
