"""A submission as parts: parsed and checked before the lock, with what travels beside the act. Pure.

`read_item` parses; `check_item` checks every signature and commitment that needs no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NewVersion
from issuers.credential import SignedCredential, check_credential, parse_credential
from ledger.commitment import Opening, check_opening, decode_opening
from ledger.errors import MalanError, Malformed, Refused
from ledger.keys import PublicKey
from ledger.statement import Statement, check_statement, parse_statement

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
    if isinstance(act, CertificateIssued | NewVersion):
        if submission.attachment is None:
            raise Malformed("ATTACHMENT_MISSING", "a certificate comes with its credential")
        credential = _placed(parse_credential, submission.attachment, "attachment")
    elif submission.attachment is not None:
        raise Malformed("ATTACHMENT_UNEXPECTED", "only an act that makes a certificate has an attachment")
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
