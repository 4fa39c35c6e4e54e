"""The running service: database, personal data, workflows, HTTP, settings, migrations, `malan`.

The only room that must be trusted, and only to be available and discreet: it can refuse or delay an act,
never invent one. Imports every other room. Read in this order: `settings`, `clock`, `database`, `tables`,
`secrets`, `people`, `facts`, `service`, then `submit` with `effects`, `publishing`, `fsck`, `http`.
"""
