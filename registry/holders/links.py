"""Door: links that a holder gives away: a random token, good for some days, for one certificate.

Promises: the database holds SHA-256 of the token, and a row this service did not write, or that was changed,
opens nothing; a link shows name and verdict as a scanner of the QR code would see them, never a number whole,
a code or anything of a document; one that was withdrawn, is over, was never made, or whose holder was erased
is answered alike. Every try is counted, and the opening of one
that works is recorded, before it is answered.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any, Final

import sqlalchemy as sa

from issuers.base64url import from_b64, to_b64
from issuers.identifiers.codes import mask_number
from ledger import cbor
from ledger.errors import MalanError, Malformed, Refused, Unavailable
from registry.callers.limiting import SHARED_LINK, count_in, need_room
from registry.holders.own import Held, one_held, state_of, verdict_on
from registry.holders.reads import both
from registry.holders.visits import BACK_MS, Visit
from registry.persons.people import ID_BYTES
from registry.persons.read_audit import record_holder, record_stranger
from registry.service import Service
from registry.storage.tables import share_link
from verify.times import instant
from verify.words import STATE_WORDS

PATH: Final = "/shared"
TOKEN_BYTES: Final = 32
DAYS: Final = (1, 7, 30)
LINKS_MAX: Final = 10
"""At one time, for one certificate."""

_DAY_MS: Final = 86_400_000


def make_link(
    service: Service, visit: Visit, certificate: bytes, *, days: int, caller: str
) -> dict[str, object]:
    """A new link; its address is told once and kept nowhere.

    Raises Malformed LINK_DAYS; Refused CERTIFICATE_UNKNOWN (also for somebody else's), LINKS_MANY.
    """
    if days not in DAYS:
        raise Malformed("LINK_DAYS", f"a link is good for {', '.join(map(str, DAYS))} days", where="days")
    token, now_ms = os.urandom(TOKEN_BYTES), service.clock.now_ms()
    with service.database.transaction() as connection:
        held = one_held(connection, service.people, visit.person, certificate)
        connection.execute(sa.delete(share_link).where(share_link.c.until_ms <= now_ms))
        if len(_live(service, connection, visit.person, certificate=certificate)) >= LINKS_MAX:
            raise Refused("LINKS_MANY", f"a certificate has at most {LINKS_MAX} links", fix="Withdraw one.")
        row: dict[str, Any] = {
            "id": hashlib.sha256(token).digest(),
            "link": os.urandom(ID_BYTES),
            "certificate": held.fact.id,
            "person": visit.person,
            "created_ms": now_ms,
            "until_ms": now_ms + days * _DAY_MS,
        }
        connection.execute(sa.insert(share_link).values({**row, "mark": _mark(service, row)}))
        _record(connection, service, certificate, caller=caller, purpose="holder-link")
    address = f"{service.settings.qr_origin}{PATH}#{to_b64(token)}"
    return {"link": row["link"].hex(), "until_ms": row["until_ms"], "address": address}


def withdraw_link(service: Service, visit: Visit, link: bytes, *, caller: str) -> None:
    """Ends a link at once. Raises Refused LINK_UNKNOWN for one that is over, or somebody else's."""
    own = sa.and_(share_link.c.link == link, share_link.c.person == visit.person)
    with service.database.transaction() as connection:
        row = connection.execute(sa.select(share_link).where(own)).one_or_none()
        if row is None:
            raise Refused("LINK_UNKNOWN", "there is no such link")
        connection.execute(sa.delete(share_link).where(own))
        _record(connection, service, row.certificate, caller=caller, purpose="holder-link-withdrawn")


def links_of(
    service: Service, connection: sa.Connection, person: bytes
) -> dict[bytes, list[dict[str, object]]]:
    """The links that work now, by certificate, the oldest first."""
    found: dict[bytes, list[dict[str, object]]] = {}
    for row in _live(service, connection, person):
        told = {"link": row.link.hex(), "created_ms": row.created_ms, "until_ms": row.until_ms}
        found.setdefault(row.certificate, []).append(told)
    return found


def open_link(service: Service, token: str, *, caller: str) -> dict[str, object]:
    """What a link shows. Raises Refused LINK_UNKNOWN for whatever shows nothing; TooMany."""
    need_room(service, SHARED_LINK, caller)
    name = _name(token)
    with service.database.transaction() as connection:
        row = _working(service, connection, name)
        count_in(connection, service, SHARED_LINK, caller)
        if row is not None:  # who reads nothing leaves no record, however often they try
            record_stranger(
                connection,
                service.people,
                caller,
                purpose="shared-link",
                what=f"certificate/{row.certificate.hex()}",
                fields="name",
                now_ms=service.clock.now_ms(),
            )
    if row is None:
        raise _unknown()
    try:
        with service.database.reading() as connection:
            held = one_held(connection, service.people, row.person, row.certificate)
    except (Refused, Unavailable):  # erased in this very moment
        raise _unknown() from None
    return {**_shown(service, held), "until_ms": row.until_ms}


def _shown(service: Service, held: Held) -> dict[str, object]:
    """What the page of a scanned code shows, less what would let its reader ask again for ever."""
    verdict = verdict_on(service, held)
    state, fact = state_of(held, verdict), held.fact
    words = STATE_WORDS[state.value]
    return {
        "name": held.claims.name,
        "number": mask_number(held.claims.number),
        "kind": fact.kind.value,
        "course": {"zh": held.claims.course, "en": held.standard.title_en or held.claims.course},
        "hours": held.claims.hours,
        "body": {"zh": held.body.name, "en": held.body.name_en},
        "issued_on": fact.issued_on.isoformat(),
        "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
        "state": state.value,
        "icon": words.icon,
        "title": both(words.title),
        "advice": both(words.advice),
        "complete": verdict is not None and verdict.complete,
        "final": verdict is not None and verdict.final,
        "checked_at": instant(service.clock.now_ms() // 1000),
    }


def _live(
    service: Service, connection: sa.Connection, person: bytes, *, certificate: bytes | None = None
) -> list[sa.Row[Any]]:
    query = sa.select(share_link).where(
        share_link.c.person == person, share_link.c.until_ms > service.clock.now_ms()
    )
    rows = connection.execute(query.order_by(share_link.c.created_ms, share_link.c.link)).all()
    ours = (row for row in rows if _is_ours(service, row))
    return [row for row in ours if certificate in (None, row.certificate)]


def _working(service: Service, connection: sa.Connection, name: bytes) -> sa.Row[Any] | None:
    row = connection.execute(sa.select(share_link).where(share_link.c.id == name)).one_or_none()
    now_ms = service.clock.now_ms()
    if row is None or not _is_ours(service, row):
        return None
    # A clock that was set back revives nothing.
    return row if row.created_ms - BACK_MS <= now_ms < row.until_ms else None


def _record(
    connection: sa.Connection, service: Service, certificate: bytes, *, caller: str, purpose: str
) -> None:
    record_holder(
        connection,
        service.people,
        caller,
        purpose=purpose,
        what=f"certificate/{certificate.hex()}",
        fields="link",
        now_ms=service.clock.now_ms(),
    )


def _mark(service: Service, row: dict[str, Any]) -> bytes:
    """What nobody with the database alone can make: they could show themselves any name otherwise."""
    return service.people.seal_of("share-link", cbor.encode(list(row.values())))


def _is_ours(service: Service, row: sa.Row[Any]) -> bool:
    told = {name: value for name, value in row._mapping.items() if name != "mark"}
    return hmac.compare_digest(row.mark, _mark(service, told))


def _name(token: str) -> bytes:
    """What the database knows a token by; what cannot be one is known by nothing."""
    try:
        return hashlib.sha256(from_b64(token, bytes_max=TOKEN_BYTES, where="token")).digest()
    except MalanError:
        return bytes(32)


def _unknown() -> Refused:
    return Refused("LINK_UNKNOWN", "this link shows nothing", fix="Ask whoever gave it to you for a new one.")
