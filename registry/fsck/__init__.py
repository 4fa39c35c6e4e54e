"""`malan fsck`: recomputes everything that follows from the log, and names each departure.

`store` looks at schema, types, secrets and read audit; `replay` walks the leaves (chain, tree, acts); `rows`
compares the tables that follow from them; `sealed` opens what is sealed and holds it against the commitments;
`persons` asks whose it is; `erased` knows what erasure orders explain and what they left standing;
`published` reads tiles, lists and bundle; `reports` hashes the kept reports; `run` puts them together, `kept`
remembers what was found; `tables` says how each table stands to the log.
"""
