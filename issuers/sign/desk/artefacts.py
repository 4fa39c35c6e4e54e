"""Door: the folder of a certificate, certificates/<number>/, made from what was signed.

Promises: credential.cose and qr.txt hold exactly the logged bytes; the same note gives the same card; files
are whole or absent, so a run cut off here is simply run again. What a card prints beside the credential
rests in the outbox as a *note*, so that the card can be drawn again without the service.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from issuers.acts.words import CertificateKind
from issuers.credential import Credential, last_day_before, parse_credential
from issuers.files import private_directory, replace_file
from issuers.printing.card import CardFields, draw_card
from issuers.printing.folder import CARD, CREDENTIAL, PROOF, QR
from issuers.printing.page import PageFields
from issuers.qr import authority_of, make_text
from issuers.shape import Range, Size, from_map, to_map
from issuers.sign.answers import Prepared
from issuers.sign.home import Home
from issuers.sign.outbox import Item
from ledger import cbor
from ledger.errors import Malformed
from ledger.statement import parse_statement

STAGES: Final = ("创业意识激发期", "创业准备期", "创业初创期", "创业发展期")  # notice 二, 四个阶段

_Line = Annotated[str, Size(1, 200)]


@dataclass(frozen=True, slots=True)
class Note:
    """What is printed beside the credential; `host` the QR origin.

    The days of the class are missing in notes of version 0.1.0, whose cards had no room for them. `issued_on`
    is the day of first issue; `remark` says what a later version is, as in 补发 第2版.
    """

    host: _Line
    kind: CertificateKind
    stage: Annotated[int, Range(1, 4)]
    course_en: Annotated[str, Size(0, 200)]
    institution: _Line
    body: _Line
    responsible: Annotated[tuple[_Line, ...], Size(1, 8)]
    issued_on: date
    demo: bool
    trained_from: date | None = None
    trained_to: date | None = None
    remark: Annotated[str, Size(0, 60)] = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A logged certificate; `folder` None when its files failed, `proved` once its proof is there."""

    certificate: bytes
    candidate: bytes
    number: str = field(repr=False)
    seq: int
    folder: Path | None
    proved: bool


def note_of(
    prepared: Prepared,
    *,
    responsible: tuple[str, ...],
    issued_on: date,
    trained: tuple[date, date],
    demo: bool,
    remark: str = "",
) -> Note:
    """The note of a prepared class; the body answers where no person is named."""
    return Note(
        host=prepared.host,
        kind=prepared.kind,
        stage=prepared.stage,
        course_en=prepared.course_en,
        institution=prepared.institution_name,
        body=prepared.body_name,
        responsible=responsible or (prepared.body_name,),
        issued_on=issued_on,
        demo=demo,
        trained_from=trained[0],
        trained_to=trained[1],
        remark=remark,
    )


def encode_note(note: Note) -> bytes:
    """The note as the outbox keeps it."""
    return cbor.encode(to_map(note))


def decode_note(data: bytes | None) -> Note:
    """Raises Malformed NOTE_MISSING, or of codec and shape."""
    if data is None:
        raise Malformed("NOTE_MISSING", "the outbox has no note for this certificate")
    return from_map(Note, cbor.decode(data), where="note")


def card_fields(claims: Credential, note: Note, qr: str) -> CardFields:
    """What the card of a credential prints."""
    qualified = note.kind is CertificateKind.QUALIFICATION
    return CardFields(
        name=claims.name,
        project_zh=claims.course,
        project_en=note.course_en,
        stage=STAGES[note.stage - 1],
        hours=claims.hours,
        result="合格" if qualified else "结业",
        kind="合格证书" if qualified else "结业证书",
        number=claims.number,
        issued=note.issued_on,
        expires=last_day_before(claims.expires_at),
        body=note.body,
        institution=note.institution,
        responsible=note.responsible,
        code=claims.code,
        official_domain=authority_of(qr),
        demo=note.demo,
    )


def page_fields(
    claims: Credential, note: Note, qr: str, *, remark: str = "", serial: str | None = None
) -> PageFields:
    """What the page of a credential prints."""
    days = (note.trained_from, note.trained_to)
    return PageFields(
        card=card_fields(claims, note, qr),
        last_four=claims.last_four,
        trained=(days[0], days[1]) if days[0] is not None and days[1] is not None else None,
        remark=note.remark or remark,
        serial=serial,
    )


def qr_of(item: Item) -> str:
    """The QR text of a stored certificate."""
    credential = credential_of(item)
    claims = parse_credential(credential).claims
    return make_text(host=decode_note(item.note).host, code=claims.code, credential=credential)


def number_of(item: Item) -> str:
    """The number of a stored certificate."""
    return parse_credential(credential_of(item)).claims.number


def folder_of(home: Home, item: Item) -> Path:
    """The folder of a stored certificate's own version."""
    claims = parse_credential(credential_of(item)).claims
    return home.certificate(claims.number, claims.version)


def write_folder(home: Home, item: Item, *, card: bool) -> Path:
    """Writes what is missing of a logged certificate's folder, all but the proof; the folder.

    Raises Unavailable FILE_WRITE, and what drawing the card raises.
    """
    credential = credential_of(item)
    claims = parse_credential(credential).claims
    folder = private_directory(folder_of(home, item))
    qr = qr_of(item)
    if not (folder / CREDENTIAL).exists():
        replace_file(folder / CREDENTIAL, credential)
    if not (folder / QR).exists():
        replace_file(folder / QR, f"{qr}\n".encode())
    if card and not (folder / CARD).exists():
        replace_file(folder / CARD, draw_card(card_fields(claims, decode_note(item.note), qr), qr))
    return folder


def write_proof(home: Home, item: Item, proof: bytes) -> None:
    """Puts the proof into the certificate's folder."""
    replace_file(private_directory(folder_of(home, item)) / PROOF, proof)


def has_proof(home: Home, item: Item) -> bool:
    """Whether the certificate's folder has its proof."""
    return (folder_of(home, item) / PROOF).exists()


def describe(home: Home, item: Item, *, written: bool) -> Issued:
    """A logged certificate as a report names it."""
    assert item.answer is not None  # logged items have one
    number = number_of(item)
    return Issued(
        certificate=bytes.fromhex(item.subject.removeprefix("certificate/")),
        candidate=candidate_of(item),
        number=number,
        seq=item.answer.seq,
        folder=folder_of(home, item) if written else None,
        proved=has_proof(home, item),
    )


def candidate_of(item: Item) -> bytes:
    """Whose number a stored statement issues or voids; of a later version, the certificate."""
    candidate = parse_statement(item.parcel.statement).body.get("candidate")
    if candidate is None:
        return bytes.fromhex(item.subject.removeprefix("certificate/"))
    assert isinstance(candidate, bytes)  # signed here, under the shape of the act
    return candidate


def credential_of(item: Item) -> bytes:
    """The logged bytes of a stored certificate. Raises Malformed CREDENTIAL_MISSING."""
    if item.parcel.attachment is None:
        raise Malformed("CREDENTIAL_MISSING", "the outbox has no credential for this statement")
    return item.parcel.attachment
