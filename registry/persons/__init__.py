"""Natural persons: kept sealed (`people`), named to others by a staff id, shown only on record.

No name leaves through anything but `evidence` and `unmasking`, and `read_audit` knows of both first.
"""
