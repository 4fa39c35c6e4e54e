"""Certificates from the numbers a signatory reserves (`preparing`) and
its later versions (`renewing`) to the verdict on a QR text (`verifying`) and a typed code (`typed_codes`)."""
