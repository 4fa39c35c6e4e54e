"""A district's witness: cosigns a log's checkpoint only if it continues all this witness cosigned before.

Read in this order: `ledger.add_checkpoint` (the bytes), `ledger.witnessing` (what is refused, and why),
`state` (what is remembered: one SQLite file), `answering` (one request, from bytes to bytes), then the doors:
`home` (the folder), `serving` (HTTP), `pulling` (asks the log itself), `mirror` (keeps every entry). The
other side, whoever asks witnesses: `asking`, and `ledger.heads` to compare what they say. For districts:
README.md beside this file.
"""
