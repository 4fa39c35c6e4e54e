"""The running service: database, personal data, workflows, HTTP, settings, migrations, `malan`.

The only room that must be trusted, and only to be available and discreet: it can refuse or delay an act,
never invent one. Imports every other room. Read in this order: `settings`, `clock`, `database` with
`engines` and `roles`, `tables`, `secrets`, `people`, `facts`, `service`; a write: `item`, `checking`,
`submit`, `group_commit`, `appending` with `effects`; what is read: `publishing`, `proofs`, `verifying`; who
asks: `requests`, `sessions`, `read_audit`, `limiting`; `fsck`, `supervision`, `http`, `pages`, `serving`.
"""
