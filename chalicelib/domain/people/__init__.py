"""The people who sign in to the portal: partners' staff and the vendor's operators. Uses nothing but the basics."""
