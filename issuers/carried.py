"""Which acts of the log a bundle carries, and in which part of it. Pure.

A verifier on a phone replays the acts it is given, so these are those that can decide a certificate: the
city, the bodies, their people and keys, and who witnesses. The acts of each body stand in a part of their
own, for a certificate rests on those of its body alone. A desk also reads rosters and sheets; it is given the
people of every party, and what was erased.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from issuers.acts import read_act
from issuers.acts.parties import PartyAdmitted
from issuers.acts.words import Role
from issuers.authority.party_facts import Key, Party, Pending
from issuers.authority.view import View
from ledger.errors import MalanError
from ledger.statement import Statement, parse_statement

_OF_CERTIFICATES: Final = frozenset(
    {
        *("genesis", "approve", "party-admitted", "party-withdrawn", "admin-appointed", "service-key"),
        *("body-appointed", "body-suspended", "officer-appointed", "officer-dismissed", "key-enrolled"),
        *("key-revoked", "standard-published", "witness-set"),
    }
)
_ISSUING: Final = frozenset({Role.CITY, Role.BODY})
_NAMED: Final = frozenset({Role.CITY, Role.BODY, Role.DISTRICT})
"""Roles of parties that a certificate or a set of witnesses can name."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of bundle: the name of its file, its media type, and the acts whose rules look only at one
    another. `people`: the roles of parties whose people it carries; `parties`: those whom it names."""

    file: str
    content_type: str
    kinds: frozenset[str] = field(repr=False)
    parties: frozenset[Role] = field(repr=False)
    people: frozenset[Role] = field(repr=False)

    def carries(self, view: View, statement: Statement) -> bool:
        """Whether this act of the log belongs in it; `view`: the facts right after the act, or any later."""
        if statement.kind not in self.kinds:
            return False
        name = statement.subject.partition("/")[2]
        match statement.kind:
            case "approve":
                waiting = view.get(Pending, name)
                return waiting is not None and self.carries(view, parse_statement(waiting.raw))
            case "party-admitted":
                act = _admission(statement)
                return act is not None and act.role in self.parties
            case "party-withdrawn":
                return _role(view, name) in self.parties
            case "admin-appointed":
                return _role(view, name) in self.people
            case "officer-appointed" | "officer-dismissed" | "key-enrolled":
                return _role(view, statement.issuer) in self.people
            case "key-revoked":
                key = view.get(Key, name)
                return key is not None and (key.staff is None or _role(view, key.party) in self.people)
        return True


def body_of(view: View, statement: Statement) -> str | None:
    """The code of the body whose act this is, three digits; None for what is common to all certificates.

    As with `carries`, the answer is the same right after the act and ever after.
    """
    name = statement.subject.partition("/")[2]
    match statement.kind:
        case "approve":
            waiting = view.get(Pending, name)
            return None if waiting is None else body_of(view, parse_statement(waiting.raw))
        case "party-admitted":
            act = _admission(statement)
            return None if act is None else act.code
        case "party-withdrawn" | "admin-appointed" | "body-appointed" | "body-suspended":
            return _code(view, name)
        case "officer-appointed" | "officer-dismissed" | "key-enrolled":
            return _code(view, statement.issuer)
        case "key-revoked":
            key = view.get(Key, name)
            return None if key is None or key.staff is None else _code(view, key.party)
    return None


def _role(view: View, party: str) -> Role | None:
    known = view.get(Party, party)
    return known.role if known is not None else None


def _code(view: View, party: str) -> str | None:
    known = view.get(Party, party)
    return known.code if known is not None else None


def _admission(statement: Statement) -> PartyAdmitted | None:
    try:
        act = read_act(statement)
    except MalanError:
        return None  # whoever replays the log names it
    return act if isinstance(act, PartyAdmitted) else None


TRUST: Final = Form(
    "trust.cbor", "application/vnd.malan.bundle.v2+cbor", _OF_CERTIFICATES, parties=_NAMED, people=_ISSUING
)
"""What a verifier of certificates holds; the acts of bodies stand in parts."""

ACTS: Final = Form(
    "acts.cbor",
    "application/vnd.malan.acts.v1+cbor",
    _OF_CERTIFICATES | {"policy-published", "erasure-order", "log-continued"},
    parties=frozenset(Role),
    people=frozenset(Role),
)
"""What a desk holds: every act about parties, people, keys, what was published and what was erased."""

FORMS: Final = (TRUST, ACTS)
