"""The life of a certificate after its issue, and numbers nobody gets: suspend, restore, revoke, void.

A certificate is named by its id (32 hex digits), or by number, code or QR text when this home issued it: the
outbox is the index, and nothing personal leaves the machine to find an id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from issuers.acts.certificates import (
    CertificateCancelled,
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
)
from issuers.acts.reasons import REASONS
from issuers.credential import parse_credential
from issuers.identifiers.numbers import read_code
from issuers.qr import code_of, has_our_form
from issuers.shape import from_map, to_map
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.issuing import checked, prepare
from issuers.sign.desk.trust import load_trust
from issuers.sign.drafting_certificates import void_parcel
from issuers.sign.parcel import Answer, Parcel
from ledger.errors import MalanError, Malformed, Refused

MADE: Final = ("certificate-issued", "certificate-corrected", "certificate-reissued")
"""Kinds of act that come with a credential."""

MOVES: Final = {
    "suspend": ("certificate-suspended", CertificateSuspended),
    "restore": ("certificate-restored", CertificateRestored),
    "revoke": ("certificate-revoked", CertificateRevoked),
    "cancel": ("certificate-cancelled", CertificateCancelled),
}
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER: Final = re.compile(r"[CJ][0-9]{21}[0-9A-Z]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Voided:
    """What became of one candidate's number: the answer, or the error."""

    candidate: bytes
    answer: Answer | None
    error: MalanError | None


def find_certificate(desk: Desk, reference: str) -> bytes:
    """The 16-byte id behind an id, number, code or QR text.

    Raises Refused CERTIFICATE_NOT_HERE, Malformed CERTIFICATE_REFERENCE.
    """
    text = reference.strip()
    if _ID.fullmatch(text):
        return bytes.fromhex(text)
    wanted = text if _NUMBER.fullmatch(text) else _code_in(text)
    for item in (one for kind in MADE for one in desk.outbox.of_kind(kind)):
        if item.parcel.attachment is not None:
            claims = parse_credential(item.parcel.attachment).claims
            if wanted in (claims.number, claims.code):
                return bytes.fromhex(item.subject.removeprefix("certificate/"))
    raise Refused(
        "CERTIFICATE_NOT_HERE",
        "this home did not issue that certificate",
        fix="Name it by its id, or do it where it was issued.",
    )


def move_body(move: str, reason: str) -> tuple[str, dict[str, str]]:
    """Kind and body of a move. Raises Malformed REASON_UNKNOWN for a reason that is not in the table."""
    kind, act = MOVES[move]
    need_reason(kind, reason)
    return kind, dict(to_map(from_map(act, {"reason": reason}, where=kind)))  # type: ignore[arg-type]


def need_reason(kind: str, reason: str) -> None:
    """Raises Malformed REASON_UNKNOWN, which names the reasons there are."""
    words = REASONS[kind]
    if reason not in words:
        told = "; ".join(f"{word} {cause.zh}" for word, cause in words.items())
        raise Malformed(
            "REASON_UNKNOWN", "not one of the reasons for this", where="reason", fix=f"One of: {told}."
        )


def move_certificate(desk: Desk, certificate: bytes, *, move: str, reason: str) -> Answer:
    """Suspends, restores, revokes or cancels. Raises Refused CERTIFICATE_STATE, or what the judge says."""
    kind, body = move_body(move, reason)
    subject = f"certificate/{certificate.hex()}"
    return desk.post(subject, Parcel(desk.say(kind, subject, body)))


def void_numbers(
    desk: Desk, class_id: bytes, candidates: Sequence[bytes] | None, reason: str
) -> list[Voided]:
    """Voids the numbers of these candidates, or of all who passed and have no certificate (None).

    A number whose certificate is on its way is not voided (SAID_ALREADY).
    """
    trust = load_trust(desk)
    batch = f"issue/{class_id.hex()}"
    desk.send_waiting(batch)
    prepared = prepare(desk, class_id)
    wrong = checked(desk, trust, prepared).wrong if prepared.items else {}
    offered = {item.candidate: item for item in prepared.items}
    done = []
    for candidate in offered if candidates is None else candidates:
        try:
            if candidate in wrong:
                raise wrong[candidate]
            if candidate not in offered:
                what = "the candidate has no number to void: not passed, issued, or voided before"
                raise Refused("NUMBER_USED", what, where=f"candidate {candidate.hex()}")
            parcel = void_parcel(
                desk.speaker,
                class_id,
                offered[candidate],
                reason,
                record_key=desk.fresh(32),
                now_ms=desk.clock(),
                fresh=desk.fresh(10),
            )
            done.append(Voided(candidate, desk.post(batch, parcel), None))
        except (Refused, Malformed) as error:
            done.append(Voided(candidate, None, error))
    return done


def _code_in(text: str) -> str:
    try:
        return code_of(text) if has_our_form(text) else read_code(text)
    except Malformed as error:
        raise Malformed(
            "CERTIFICATE_REFERENCE",
            "not a certificate's id, number, code or QR text",
            fix="Give the 32 hex digits of the id, or what the certificate shows.",
        ) from error
