"""The closed vocabulary: every act a party can say, version by version. Pure.

A kind never changes its meaning; a new need is a new version or a new kind. The object of an act stands in
the statement's subject (`class/<hex>`, `party/<slug>`), the rest in its body. Fields in clear are those of
design decision 10; personal values stand only as commitments in `entries` (one map of digests per person; the
openings travel beside the statement and never enter the log). Who may say each: `issuers/authority/table.py`.
"""

from issuers.acts import (
    certificates,
    classes,
    erasures,
    parties,
)  # importing them fills the register of kinds
from issuers.acts.words import KINDS, read_act

__all__ = ["KINDS", "certificates", "classes", "erasures", "parties", "read_act"]
