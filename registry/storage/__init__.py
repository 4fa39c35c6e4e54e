"""Where rows are kept: the database of either kind, its schema, its roles, and the rows several walls read.

`database` is the only door to `engines`; `tables` is the schema beside the ledger's own; `facts` is how the
judge reads it, `places` where in the log an act stands.
"""
