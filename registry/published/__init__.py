"""What everybody may see of the log: `publishing` makes the files, `loop` and `lead` say when and by whom.

`lock` holds what was signed, `boot_gate` asks whether it is more than the database has, `new_lock` begins a
lost store anew. What is read of the files here: `proofs`, `trust_file`, `logged_places`; `standing` says how
far they are behind, `handed_back` takes back what a bundle kept, and `policy_file` writes who witnesses.
"""
