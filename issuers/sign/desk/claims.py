"""Flows of a subsidy claim: check, submit at the counter, decide in the district, withdraw.

What the applicant showed comes as one JSON file, never as arguments of a command: an argument is seen by
every user of the machine and kept by the shell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from issuers.acts.certificates import ClaimDecided, ClaimWithdrawn
from issuers.acts.words import Outcome
from issuers.identifiers.codes import check_uscc
from issuers.identifiers.identity import IdNumber, normalise, parse_id_type
from issuers.identifiers.names import check_text
from issuers.identifiers.organisations import parse_organisation_role
from issuers.json_in import from_object, read_object
from issuers.office.roster import ORGANISATION_MAX
from issuers.shape import Pattern, Size, from_map, to_map
from issuers.sign.answers import PreparedClaim
from issuers.sign.desk.desk import Desk
from issuers.sign.drafting_certificates import ClaimFacts, claim_parcel
from issuers.sign.parcel import Answer, Parcel
from ledger import cbor
from ledger.errors import MalanError, Malformed

T = TypeVar("T")
_Text = Annotated[str, Size(1, 200)]


class Source(StrEnum):
    """Where the facts about organisation and role come from."""

    SELF_DECLARED = "self-declared"
    LICENCE_SEEN = "licence-seen"
    MARKET_REGISTRY = "market-registry"


@dataclass(frozen=True, slots=True)
class FactsFile:
    """The member `facts` of the file; `uscc` empty when there is none."""

    organisation: _Text = field(repr=False)
    uscc: Annotated[str, Size(0, 30)] = field(repr=False)
    in_shanghai: bool
    founded_on: date
    role: _Text
    role_from: date
    source: Source
    as_of: date
    role_to: date | None = None


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """The file: the certificate's QR text, the applicant's document, the counter, the facts."""

    qr: Annotated[str, Size(1, 2_048)] = field(repr=False)
    id_type: _Text
    id_number: Annotated[str, Size(1, 64)] = field(repr=False)
    channel: Annotated[str, Pattern(r"[a-z]+(-[a-z]+)*"), Size(1, 40)]
    facts: FactsFile


@dataclass(frozen=True, slots=True)
class Application:
    """A checked file: what is asked of the service, and what the claim will commit to."""

    request: Mapping[str, cbor.Value] = field(repr=False)
    facts: ClaimFacts


def read_application(data: bytes, *, today: date) -> Application:
    """The application in a file. Raises Malformed, naming the member and never its value."""
    where = "application"
    told = from_object(ClaimFile, read_object(data, where=where), where=where)
    document = _document(told, today)
    role = _member("facts.role", lambda: parse_organisation_role(told.facts.role))
    organisation = _member(
        "facts.organisation", lambda: check_text(told.facts.organisation, ORGANISATION_MAX)
    )
    uscc = _member("facts.uscc", lambda: check_uscc(told.facts.uscc).code) if told.facts.uscc else ""
    facts = {**to_map(told.facts), "role": role.value, "organisation": organisation, "uscc": uscc}
    request: dict[str, cbor.Value] = {
        "qr": told.qr.strip(),
        "id_type": document.type.value,
        "id_number": document.number,
        "channel": told.channel,
        "facts": facts,
    }
    return Application(request, ClaimFacts(document, organisation, uscc, role, told.facts.founded_on))


def check_application(desk: Desk, application: Application) -> Mapping[str, Any]:
    """What the service would decide, with its reasons; nothing is held."""
    return desk.client.check_subsidy(desk.request("subsidy-check", _own(desk), application.request))


def prepare_claim(desk: Desk, application: Application) -> PreparedClaim:
    """Ids and nullifiers for the claim; nothing is held before it is submitted."""
    return desk.client.prepare_claim(desk.request("claim", _own(desk), application.request))


def submit_claim(desk: Desk, prepared: PreparedClaim, application: Application) -> Answer:
    """Signs and sends the claim. Raises Refused ALREADY_CLAIMED and what else the service says."""
    parcel = claim_parcel(
        desk.speaker,
        prepared,
        application.facts,
        record_key=desk.fresh(32),
        now_ms=desk.clock(),
        fresh=desk.fresh(10),
    )
    return desk.post(f"claim/{prepared.claim.hex()}", parcel)


def decide_claim(
    desk: Desk, claim: bytes, outcome: Outcome, *, amount_fen: int, reasons: Sequence[str], release: bool
) -> Answer:
    """The district's decision; `release` frees project and slot of a rejected claim."""
    told = {"outcome": outcome.value, "reasons": list(reasons), "amount_fen": amount_fen, "release": release}
    act = from_map(ClaimDecided, told, where="claim-decided")
    return _say(desk, "claim-decided", claim, act)


def withdraw_claim(desk: Desk, claim: bytes, reason: str) -> Answer:
    """Ends a claim that is not decided yet."""
    return _say(desk, "claim-withdrawn", claim, from_map(ClaimWithdrawn, {"reason": reason}, where="reason"))


def _say(desk: Desk, kind: str, claim: bytes, act: object) -> Answer:
    subject = f"claim/{claim.hex()}"
    key = f"{kind}/{claim.hex()}"
    earlier = desk.said(key)
    if earlier is not None:
        return earlier
    return desk.post(subject, Parcel(desk.say(kind, subject, to_map(act)), key=key))


def _own(desk: Desk) -> str:
    return f"party/{desk.speaker.party}"


def _document(told: ClaimFile, today: date) -> IdNumber:
    kind = _member("id_type", lambda: parse_id_type(told.id_type))
    return _member("id_number", lambda: normalise(kind, told.id_number, today=today))


def _member(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except MalanError as error:
        raise Malformed(error.code, error.what, where=f"application.{name}", fix=error.fix) from error
