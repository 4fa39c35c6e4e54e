"""What everybody may see of the log: `publishing` makes the files, `loop` and `lead` say when and by whom.

What is read of them here: `proofs`, `trust_file`, `logged_places`; `standing` says how far they are behind.
"""
