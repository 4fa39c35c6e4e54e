"""The names of a certificate's files, in its folder certificates/<number>/ and attached to its PDF. Pure."""

from __future__ import annotations

from typing import Final

CREDENTIAL: Final = "credential.cose"
QR: Final = "qr.txt"
CARD: Final = "card.png"
PROOF: Final = "certificate.tlog-proof"
PDF: Final = "certificate.pdf"
