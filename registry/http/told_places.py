"""Places in what was sent, as an answer may name them: only words that are ours. Pure.

A sender who slips a column may send an ID number as the name of a field; an error that named the field
would send it on to logs and screens. So every part of a place that is no word of the API, the acts or the
programs is shown as "…".
"""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache

from issuers.acts import KINDS
from issuers.acts.words import COMMITTED
from issuers.evidence import Trainee
from issuers.standard import DEFAULT_COMPONENTS, Component, Standard
from registry.settings import PREFIX, Settings
from registry.subsidy.desk import Application, ToldFacts
from verify.subsidy.policy import Policy, StageRule

HIDDEN = "…"
_LENGTH_MAX = 200
_MARK = r"character [0-9]{1,3}(?![0-9])|\[[0-9]{1,4}\]|[. /,]"
_MARKS = re.compile(_MARK, re.ASCII)
_PARTS = re.compile(rf"{_MARK}|[A-Za-z_-]+|[^A-Za-z_\[. /,-]+|.", re.ASCII | re.DOTALL)
_OURS = frozenset(
    {
        *(
            "items",
            "statement",
            "openings",
            "attachment",
            "request",
            "qr",
            "entries",
            "payload",
            "body",
            "facts",
        ),
        *("credential", "sub", "iss", "aud", "iat", "exp", "cti", "kid", "code", "number", "name", "course"),
        *(
            "hours",
            "last_four",
            "days",
            "token",
            "seq",
            "entry",
            "row",
            "column",
            "character",
            "standard",
            "policy",
            "roster",
        ),
        *("batch", "tile", "log", "checkpoint", "policy.txt", "claims", "document", "to", "size", "root"),
    }
)


def told_place(where: str) -> str:
    """The place with everything strange hidden: our words, the counts of entries and plain marks stay."""
    if where.startswith((PREFIX, "SQLITE_")):
        return where
    words = _words()
    told: list[str] = []
    for part in _PARTS.findall(where[:_LENGTH_MAX]):
        shown = part if part in words or _MARKS.fullmatch(part) else HIDDEN
        if shown != HIDDEN or told[-1:] != [HIDDEN]:
            told.append(shown)
    return "".join(told)


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    shapes = (*KINDS.values(), Trainee, Standard, Component, Policy, StageRule, Application, ToldFacts)
    fields = {item.name for shape in shapes for item in dataclasses.fields(shape)}
    committed = {name for names in COMMITTED.values() for name in names}
    kinds = {kind for kind, _ in KINDS}
    names = {shape.__name__ for shape in shapes} | {part.key for part in DEFAULT_COMPONENTS}
    purposes = {name.removesuffix("_file").removesuffix("_key") for name in Settings.model_fields}
    return frozenset(fields | committed | kinds | names | purposes | _OURS)
