"""An act with what travels beside it: read and checked before the lock, then done under it. Pure.

`read_item` parses; `check_item` checks every signature and commitment that needs no database; a `Deed` is the
judged act inside its transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued
from issuers.authority.party_facts import Key
from issuers.authority.view import F, View
from issuers.credential import SignedCredential, check_credential, parse_credential
from ledger.commitment import Opening, check_opening, decode_opening
from ledger.errors import MalanError, Malformed, Refused
from ledger.keys import PublicKey
from ledger.statement import Statement, check_statement, parse_statement
from registry.people import People
from registry.tables import staff

OPENING_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Submission:
    """What a party sends: a signed statement, an opening for each entry, a credential beside its act."""

    statement: bytes
    openings: tuple[bytes, ...] = field(default=(), repr=False)
    attachment: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """A submission that is well formed; `check_item` before believing it."""

    statement: Statement
    act: Any
    openings: tuple[Opening, ...] = field(repr=False)
    credential: SignedCredential | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deed:
    """A judged act in the transaction that will append it. `view` is as before the act."""

    connection: sa.Connection
    view: View
    people: People
    nullifier_key: bytes = field(repr=False)
    statement: Statement
    act: Any
    openings: tuple[Opening, ...] = field(repr=False)
    credential: SignedCredential | None = field(repr=False)
    time_ms: int

    def need(self, kind: type[F], key: str) -> F:
        """A fact the judge has seen, or Refused FACT_MISSING."""
        fact = self.view.get(kind, key)
        if fact is None:
            raise Refused("FACT_MISSING", f"no such {kind.__name__}")
        return fact

    @property
    def signer(self) -> bytes | None:
        """The person behind the signer's staff id; None for those the service never gave one."""
        key = self.need(Key, self.statement.kid.hex())
        query = sa.select(staff.c.person).where(staff.c.staff == key.staff)
        found: bytes | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def keep(self, persons: Sequence[bytes]) -> None:
        """Seals each opening for its person."""
        for place, (person, opened) in enumerate(zip(persons, self.openings, strict=True)):
            self.people.store_opening(
                self.connection, person, opened, statement=self.statement.hash, place=place
            )


Effect: TypeAlias = Callable[[Deed], None]


def read_item(submission: Submission) -> Item:
    """The parts of a submission. Raises Malformed of statement, act, openings or credential.

    Also OPENING_SIZE, ATTACHMENT_MISSING, ATTACHMENT_UNEXPECTED.
    """
    statement = parse_statement(submission.statement)
    act = read_act(statement)
    if any(len(raw) > OPENING_BYTES_MAX for raw in submission.openings):
        raise Malformed("OPENING_SIZE", f"an opening has at most {OPENING_BYTES_MAX} bytes")
    openings = tuple(
        _placed(decode_opening, raw, f"openings[{place}]") for place, raw in enumerate(submission.openings)
    )
    credential = None
    if isinstance(act, CertificateIssued):
        if submission.attachment is None:
            raise Malformed("ATTACHMENT_MISSING", "a certificate comes with its credential")
        credential = _placed(parse_credential, submission.attachment, "attachment")
    elif submission.attachment is not None:
        raise Malformed("ATTACHMENT_UNEXPECTED", "only a certificate-issued act has an attachment")
    return Item(statement, act, openings, credential)


def check_item(item: Item, key: PublicKey) -> None:
    """Signature, commitments and credential under the signer's enrolled key.

    Raises BadSignature or Malformed COSE_KEY; Refused OPENINGS_COUNT, CREDENTIAL_OTHER; ProofFailed OPENING_…
    """
    check_statement(item.statement, key)
    entries: Sequence[Mapping[str, bytes]] = getattr(item.act, "entries", ())
    if len(item.openings) != len(entries):
        raise Refused("OPENINGS_COUNT", "there is one opening for each entry, in the order of the entries")
    for place, (opened, entry) in enumerate(zip(item.openings, entries, strict=True)):
        _placed(lambda pair: check_opening(*pair), (opened, entry), f"entries[{place}]")
    if item.credential is not None:
        if hashlib.sha256(item.credential.message.raw).digest() != item.act.credential:
            raise Refused(
                "CREDENTIAL_OTHER", "the credential is not the one the act names", where="credential"
            )
        check_credential(item.credential, key)


def _placed(read: Callable[[Any], Any], value: Any, where: str) -> Any:
    """`read(value)`, with the place in the submission put before the place inside it."""
    try:
        return read(value)
    except MalanError as error:
        inner = f"{where}.{error.where}" if error.where else where
        raise type(error)(error.code, error.what, where=inner, fix=error.fix) from error


def deed_of(
    item: Item, connection: sa.Connection, view: View, people: People, *, nullifier_key: bytes, time_ms: int
) -> Deed:
    """The item in its transaction."""
    return Deed(
        connection=connection,
        view=view,
        people=people,
        nullifier_key=nullifier_key,
        statement=item.statement,
        act=item.act,
        openings=item.openings,
        credential=item.credential,
        time_ms=time_ms,
    )


__all__ = ["Deed", "Effect", "Item", "Submission", "check_item", "deed_of", "read_item"]
