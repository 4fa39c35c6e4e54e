"""The running service: database, personal data, workflows, HTTP, settings, migrations, `malan`.

The only room that must be trusted, and only to be available and discreet: it can refuse or delay an act,
never invent one. Imports every other room. Its walls, from the ground up: `storage`, `persons`, `writing`,
`published`, `certificates`, `subsidy`, `callers`, `supervision`, `holders`; before the world: `http` and
`pages`, `serving`, `metrics`; for the operator: `commands`, `fsck`, `backups`, `demo`, `docs`. Here:
`settings`, `secrets`, `clock`, `logs`, `free_disk`, what `initialise` makes of them and `rebuilding` makes
again, the `service` that holds the parts together, and its `alarms`.
"""
