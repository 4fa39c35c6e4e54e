"""Door: sessions: who is signed in, from a signed session statement to the end.

Promises: a session begins with a statement of an enrolled key in force, over an address of ours and a nonce
of ours that works once; the database holds SHA-256 of the secret and nothing that opens a session, and a row
that this service did not write opens none either; at every use the log is asked again, so a revoked key or a
dismissed officer is out at once. Nonces are not stored before they are used: a stranger cannot make the
database write.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.party_facts import Key, Party
from issuers.authority.view import View
from issuers.base64url import from_b64, to_b64
from issuers.session import AGE_MAX_SECONDS, SessionStatement, parse_session
from ledger import cbor
from ledger.cose import check_sign1
from ledger.errors import BadSignature, MalanError, Refused
from ledger.keys import public_key
from registry.callers.requests import spend_once
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import session as session_table
from registry.storage.tables import session_ticket

SECRET_BYTES: Final = 32
NONCE_MS: Final = 120_000
TICKET_MS: Final = 60_000
IDLE_MS: Final = 20 * 60_000
ABSOLUTE_MS: Final = 8 * 3_600_000
TOUCH_MS: Final = 60_000  # a use within a minute of the last one writes nothing
_BACK_MS: Final = 5_000  # how far a clock may be set back before nothing of before counts
_RANDOM, _TIME, _MAC = 16, 8, 16


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is signed in: their party, staff id, the duties they hold today, the key they used."""

    party: Party
    staff: bytes
    duties: frozenset[Duty]
    kid: bytes

    @property
    def reader(self) -> str:
        """The name in the read audit."""
        return self.staff.hex()


@dataclass(frozen=True, slots=True)
class Session:
    """`host` is the address signed in at; `csrf` what unsafe requests carry beside the cookie."""

    principal: Principal
    host: str
    csrf: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A secret given out once, base64url, and the address it is good for."""

    secret: str = field(repr=False)
    host: str


def own_origins(service: Service) -> tuple[str, ...]:
    """The addresses officers may sign in at: those of the settings, and the local one listened on."""
    settings = service.settings
    return tuple(dict.fromkeys((*settings.accepted_hosts, *settings.console_origins, *service.addresses)))


def offer_nonce(service: Service, kid: bytes) -> dict[str, object]:
    """The answer of POST /api/sessions/nonce: a nonce, and what the log says the key speaks for.

    Raises BadSignature SESSION_KEY.
    """
    now_ms = service.clock.now_ms()
    with service.database.reading() as connection:
        principal = _standing(TableView(connection), kid, now_ms)
    fresh = os.urandom(_RANDOM) + (now_ms + NONCE_MS).to_bytes(_TIME, "big")
    nonce = fresh + _mac(service, fresh)
    subject = f"officer/{principal.staff.hex()}"
    claims = {"iss": principal.party.id, "sub": subject, "aud": service.origin}
    return {"nonce": to_b64(nonce), "expires_ms": now_ms + NONCE_MS, **claims}


def sign_in(service: Service, raw: bytes) -> Handed:
    """A session for the signer of a session statement.

    Raises as `parse_session`; BadSignature SESSION_KEY or of the signature; Refused SESSION_HOST,
    SESSION_AUDIENCE, SESSION_AGE or SESSION_NONCE.
    """
    statement = _checked(service, raw)
    return _begin(service, statement, session_table)


def issue_ticket(service: Service, raw: bytes) -> Handed:
    """As `sign_in`, but a ticket for a browser on the same desk: it works once, for a minute."""
    statement = _checked(service, raw)
    return _begin(service, statement, session_ticket)


def redeem_ticket(service: Service, ticket: str) -> Handed:
    """The session for a ticket, which is gone after. Raises Refused SESSION_TICKET."""
    now_ms = service.clock.now_ms()
    name = _name(ticket, "SESSION_TICKET", "the ticket was used, is too old or was never given out")
    with service.database.transaction() as connection:
        where = session_ticket.c.id == name
        row = connection.execute(sa.select(session_ticket).where(where)).one_or_none()
        gone = connection.execute(sa.delete(session_ticket).where(where)).rowcount
        good = row is not None and gone == 1 and _is_ours(service, session_ticket, row)
        if row is None or not good or not _young(row.created_ms, now_ms, TICKET_MS):
            row = None
        else:
            _standing(TableView(connection), row.kid, now_ms)
            secret = _store(service, connection, session_table, row.kid, row.host, now_ms)
    if row is None:  # raised here, so that the row of an old ticket stays deleted
        raise _none("SESSION_TICKET", "the ticket was used, is too old or was never given out")
    return Handed(secret, row.host)


def find(service: Service, secret: str) -> Session:
    """The session of a cookie, if it stands now. Raises Refused SESSION_NONE or SESSION_ENDED."""
    now_ms = service.clock.now_ms()
    name = _name(secret, "SESSION_NONE", "nobody is signed in")
    with service.database.reading() as connection:
        row = connection.execute(sa.select(session_table).where(session_table.c.id == name)).one_or_none()
        if row is None or not _is_ours(service, session_table, row):
            raise _none("SESSION_NONE", "nobody is signed in")
        young = _young(row.created_ms, now_ms, ABSOLUTE_MS) and _young(row.seen_ms, now_ms, IDLE_MS)
        principal = _still(TableView(connection), row.kid, now_ms) if young else None
    if principal is None:
        end(service, secret)
        raise _none("SESSION_ENDED", "the session has ended")
    if now_ms - row.seen_ms > TOUCH_MS:
        with service.database.transaction() as connection:
            change = sa.update(session_table).where(session_table.c.id == name)
            connection.execute(change.values(seen_ms=now_ms))
    expires_ms = min(row.created_ms + ABSOLUTE_MS, now_ms + IDLE_MS)
    return Session(principal, row.host, _csrf(secret), expires_ms)


def end(service: Service, secret: str) -> None:
    """Ends a session; one that is not there is ended already."""
    name = _name(secret, "SESSION_NONE", "nobody is signed in")
    with service.database.transaction() as connection:
        connection.execute(sa.delete(session_table).where(session_table.c.id == name))


def _checked(service: Service, raw: bytes) -> SessionStatement:
    statement = parse_session(raw)
    now_ms = service.clock.now_ms()
    with service.database.reading() as connection:
        view = TableView(connection)
        principal = _standing(view, statement.message.kid, now_ms)
        key = view.get(Key, statement.message.kid.hex())
    assert key is not None
    check_sign1(statement.message, public_key(key.alg, key.spki))
    if (principal.party.id, principal.staff) != (statement.claims.iss, statement.staff):
        raise _no_key()
    if statement.claims.aud != service.origin:
        raise Refused("SESSION_AUDIENCE", "the statement is meant for another log", where="aud")
    if statement.host not in own_origins(service):
        fix = "Open the address the centre has published; if this is it, tell the operator."
        raise Refused("SESSION_HOST", "that is no address of this service", where="host", fix=fix)
    if abs(statement.time * 1000 - now_ms) > AGE_MAX_SECONDS * 1000:
        fix = "Check the clock of this machine and sign in again."
        raise Refused("SESSION_AGE", "the statement is older than five minutes, or of the future", fix=fix)
    fresh, mac = statement.nonce[: _RANDOM + _TIME], statement.nonce[_RANDOM + _TIME :]
    until = int.from_bytes(fresh[_RANDOM:], "big")
    if not hmac.compare_digest(mac, _mac(service, fresh)) or not 0 <= until - now_ms <= NONCE_MS:
        raise _none("SESSION_NONCE", "the nonce is not of this service, or too old")
    return statement


def _begin(service: Service, statement: SessionStatement, table: sa.Table) -> Handed:
    now_ms = service.clock.now_ms()
    with service.database.transaction() as connection:
        try:
            spend_once(connection, statement.nonce[:_RANDOM], now_ms=now_ms)
        except Refused as error:
            raise _none("SESSION_NONCE", "the nonce was used before") from error
        secret = _store(service, connection, table, statement.message.kid, statement.host, now_ms)
    return Handed(secret, statement.host)


def _store(
    service: Service, connection: sa.Connection, table: sa.Table, kid: bytes, host: str, now_ms: int
) -> str:
    """A new secret; what is too old to work goes."""
    life = ABSOLUTE_MS if table is session_table else TICKET_MS
    connection.execute(sa.delete(table).where(table.c.created_ms < now_ms - life))
    secret = os.urandom(SECRET_BYTES)
    name = hashlib.sha256(secret).digest()
    row = {"id": name, "kid": kid, "host": host, "created_ms": now_ms}
    row["mark"] = _mark(service, table, name, kid, host, now_ms)
    if table is session_table:
        row["seen_ms"] = now_ms
    connection.execute(sa.insert(table).values(row))
    return to_b64(secret)


def _mark(service: Service, table: sa.Table, name: bytes, kid: bytes, host: str, created_ms: int) -> bytes:
    """What nobody with the database alone can make: they could sign themselves in as anybody otherwise."""
    return service.people.seal_of(str(table.name), cbor.encode([name, kid, host, created_ms]))


def _is_ours(service: Service, table: sa.Table, row: sa.Row[Any]) -> bool:
    return hmac.compare_digest(row.mark, _mark(service, table, row.id, row.kid, row.host, row.created_ms))


def _standing(view: View, kid: bytes, now_ms: int) -> Principal:
    """Whom a key speaks for today; a key that speaks for nobody learns nothing about why."""
    key = view.get(Key, kid.hex())
    if key is None or key.staff is None or key.revoked_seq is not None:
        raise _no_key()
    party = view.get(Party, key.party)
    if party is None or party.withdrawn_ms is not None:
        raise _no_key()
    day = shanghai_date(now_ms)
    duties = frozenset(duty for duty in Duty if officer_in_force(view, party.id, key.staff, duty, day))
    if not duties:
        raise _no_key()
    return Principal(party, key.staff, duties, kid)


def _still(view: View, kid: bytes, now_ms: int) -> Principal | None:
    try:
        return _standing(view, kid, now_ms)
    except BadSignature:
        return None


def _young(begun_ms: int, now_ms: int, life_ms: int) -> bool:
    return -_BACK_MS <= now_ms - begun_ms <= life_ms


def _name(secret: str, code: str, what: str) -> bytes:
    """What the database knows a secret by. Raises Refused `code` for what cannot be one."""
    try:
        return hashlib.sha256(from_b64(secret, bytes_max=SECRET_BYTES, where="cookie")).digest()
    except MalanError:
        raise _none(code, what) from None


def _csrf(secret: str) -> str:
    return to_b64(hmac.digest(secret.encode(), b"malan/csrf/1", "sha256"))


def _mac(service: Service, fresh: bytes) -> bytes:
    return service.people.seal_of("session-nonce", fresh)[:_MAC]


def _none(code: str, what: str) -> Refused:
    return Refused(code, what, fix="Sign in again.")


def _no_key() -> BadSignature:
    return BadSignature("SESSION_KEY", "no enrolled key of an officer in office today")
