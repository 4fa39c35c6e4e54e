"""`malan-sign`, a party's own program: keys and outbox on its own machine, drafts, the desk, the commands.

`home`, `keyring`, `outbox` and `client` are its doors; `drafting` makes acts and openings; `desk/` holds the
flows that commands and the demo both call; `commands/` is the program itself.
"""
