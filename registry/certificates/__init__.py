"""Certificates from the numbers a signatory reserves (`preparing`) to the verdict on a code (`verifying`)."""
