"""What was said, in order, for ever: bytes, hashes, signatures, checkpoints, tiles.

Knows no certificate and no person. Imports nothing of ours. `SPEC.md` is the contract of the bytes.
Read in this order: `errors`, `cbor`, `keys`, `cose`, `statement`, `leaf`, `merkle`, `note`, `checkpoint`,
`proof`, `tiles`, then the doors `store` and `publisher`, and `fsck`, which recomputes everything.
"""
