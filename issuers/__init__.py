"""Who may say what, and the credential they sign.

The closed vocabulary of acts (`acts`), the pure and replayable authority over them (`authority/`), the
standard that turns scores into results, the credential with its QR and card, the status list, the trust
bundle, and `malan-sign`, a party's own program. Imports only `ledger`. `SPEC.md` is the contract of the
bytes.
"""
