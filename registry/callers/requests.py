"""Door: signed requests: who asks, in what duty, once, and not long ago.

Promises: an `Asker` is a person whose enrolled key signed this very request for this log within five minutes,
in office today; the request is spent in the transaction that answers it, so it works once even when sent to
two processes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.class_facts import ClassFact
from issuers.authority.party_facts import Key, Officer, Party
from issuers.authority.view import View
from issuers.request import AGE_MAX_SECONDS, Request, parse_request
from ledger.cose import check_sign1
from ledger.errors import BadSignature, Refused
from ledger.keys import public_key
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import request_seen

SEEN_MS = 3 * AGE_MAX_SECONDS * 1000  # longer than a request can work, on either side of now


@dataclass(frozen=True, slots=True)
class Asker:
    """Who signed a request, and in which duty they may ask it."""

    party: Party
    staff: bytes
    duties: frozenset[Duty]
    request: Request

    @property
    def reader(self) -> str:
        """The name in the read audit."""
        return self.staff.hex()


def read_request(service: Service, raw: bytes, *, name: str, duties: Collection[Duty]) -> Asker:
    """The person behind a request, if they hold one of `duties` today.

    Raises Malformed of the request; BadSignature REQUEST_KEY or of the signature; Refused REQUEST_AUDIENCE,
    REQUEST_AGE or REQUEST_DUTY.
    """
    request = parse_request(raw, name=name)
    with service.database.reading() as connection:
        view = TableView(connection)
        key, party = _speaker(view, request)
        now_ms = service.clock.now_ms()
        day = shanghai_date(now_ms)
        assert key.staff is not None
        held = {duty for duty in duties if officer_in_force(view, party.id, key.staff, duty, day)}
    check_sign1(request.message, public_key(key.alg, key.spki))
    if request.claims.aud != service.origin:
        raise Refused("REQUEST_AUDIENCE", "the request is meant for another log", where="aud")
    if abs(request.claims.iat * 1000 - now_ms) > AGE_MAX_SECONDS * 1000:
        fix = "Check the clock of this machine and ask again."
        raise Refused("REQUEST_AGE", "the request is older than five minutes, or of the future", fix=fix)
    if not held:
        wanted = ", ".join(sorted(duties))
        raise Refused("REQUEST_DUTY", f"the signer is not appointed as {wanted} today")
    return Asker(party, key.staff, frozenset(held), request)


def spend(connection: sa.Connection, asker: Asker, *, now_ms: int) -> None:
    """Marks the request as used, in the transaction that does what it asks. Raises Refused REQUEST_USED."""
    spend_once(connection, asker.request.claims.cti, now_ms=now_ms)


def spend_once(connection: sa.Connection, name: bytes, *, now_ms: int) -> None:
    """Marks 16 bytes as used; they must be random, and too old to work at all after fifteen minutes.

    Raises Refused REQUEST_USED.
    """
    table = request_seen
    connection.execute(sa.delete(table).where(table.c.seen_ms < now_ms - SEEN_MS))
    try:
        connection.execute(sa.insert(table).values(cti=name, seen_ms=now_ms))
    except IntegrityError as error:
        raise Refused("REQUEST_USED", "a request works once", fix="Sign a new one.") from error


def need_scope(officer: Officer | None, known: ClassFact) -> None:
    """Raises Refused OFFICER_SCOPE unless the appointment covers the project of the class."""
    if officer is None or (officer.projects and known.project not in officer.projects):
        raise Refused("OFFICER_SCOPE", "the signer is not appointed for this project")


def _speaker(view: View, request: Request) -> tuple[Key, Party]:
    """The enrolled key and its party; whoever has none learns nothing about why."""
    key = view.get(Key, request.message.kid.hex())
    if key is None or key.staff is None or key.revoked_seq is not None or key.party != request.claims.iss:
        raise BadSignature("REQUEST_KEY", "no enrolled key in force speaks for this party")
    party = view.get(Party, key.party)
    if party is None or party.withdrawn_ms is not None:
        raise BadSignature("REQUEST_KEY", "no enrolled key in force speaks for this party")
    return key, party
