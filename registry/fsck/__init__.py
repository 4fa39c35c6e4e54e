"""`malan fsck`: recomputes everything that follows from the log, and names each departure.

`replay` walks the leaves (chain, tree, acts), `rows` compares the tables that follow from them, `sealed`
opens what is sealed and holds it against the commitments; `run` puts them together.
"""
