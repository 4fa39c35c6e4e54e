"""Door: the next version of a certificate, corrected or reissued under its number, from prepare to folder.

Promises: whatever is cut off where, running it again goes on and makes no further version; a version that is
named (`version`) is made once. The service proposes; the sealed roster, this home's own outbox and the person
at the desk decide. A day that ended on the way is signed anew under the same version.

Steps: 1 what an earlier run left unanswered is sent again; 2 the service prepares code and place; 3 the
answer is held against class and roster; 4 credential and card are made, the statement stored, sent, its
answer kept; 5 folder, proof, and PDF where it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.authority.case import shanghai_date
from issuers.credential import Credential, parse_credential
from issuers.identifiers.names import check_name
from issuers.printing.card import draw_card
from issuers.printing.folder import PDF
from issuers.sign.answers import Prepared, PreparedVersion
from issuers.sign.desk.artefacts import (
    card_fields,
    credential_of,
    encode_note,
    folder_of,
    has_proof,
    note_of,
    write_folder,
)
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.issuing import DATE_PASSED, checked, fetch_proofs
from issuers.sign.desk.papers import Papers, write_pdfs
from issuers.sign.desk.standing import MADE
from issuers.sign.desk.trust import Trust, check_receipt, load_trust
from issuers.sign.drafting_versions import Change, certify_version
from issuers.sign.outbox import Item, ItemState
from ledger import cbor
from ledger.errors import MalanError, Refused

_ROUNDS: Final = 3  # midnight passes once
_REMARKS: Final = {
    CorrectionReason.NAME: "更正",
    CorrectionReason.LAYOUT: "换发",
    ReissueReason.LOST: "补发",
    ReissueReason.DAMAGED: "换发",
    ReissueReason.KEY: "换发",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `name` and `prints_id` None: as in the version in force."""

    reason: CorrectionReason | ReissueReason
    name: str | None = field(default=None, repr=False)
    prints_id: bool | None = None

    @property
    def kind(self) -> str:
        """The kind of act."""
        return (
            "certificate-corrected" if isinstance(self.reason, CorrectionReason) else "certificate-reissued"
        )


@dataclass(frozen=True, slots=True)
class VersionReport:
    """A version in the log; `new`: signed or first answered in this run. `trouble`: what its files lack."""

    certificate: bytes
    version: int
    number: str = field(repr=False)
    seq: int
    folder: Path
    proved: bool
    pdf: bool
    new: bool
    trouble: MalanError | None


def renew(
    desk: Desk,
    certificate: bytes,
    wanted: Wanted,
    *,
    version: int | None = None,
    cards: bool = True,
    papers: Papers | None = None,
    agree: Callable[[str, int], None] | None = None,
    wait: Callable[[int], bool] | None = None,
) -> VersionReport:
    """Makes the next version, or `version`, or finishes the one an earlier run began.

    `agree` is told the name and the version before anything is signed, and raises to stop that; `wait` as in
    `issuing.issue`. Raises Refused of the service, VERSION_SAME, NAME_OTHER and as `checked`; Unavailable.
    """
    trust = load_trust(desk)
    batch = f"version/{certificate.hex()}"
    resent = [item for item in desk.send_waiting(batch) if item.state is ItemState.LOGGED]
    known = _known(desk, certificate)
    item = resent[-1] if resent else _begun(desk, known, wanted, version)
    new = item is None or bool(resent)
    if item is None:
        number = version or max(known, default=1) + 1
        item = _made(desk, trust, certificate, wanted, number, known, agree)
    return _finished(desk, trust, certificate, item, new=new, cards=cards, papers=papers, wait=wait)


def _known(desk: Desk, certificate: bytes) -> dict[int, Item]:
    """The versions this home has in the log."""
    subject = f"certificate/{certificate.hex()}"
    items = (item for kind in MADE for item in desk.outbox.of_kind(kind) if item.subject == subject)
    return {_claims(item).version: item for item in items}


def _begun(desk: Desk, known: dict[int, Item], wanted: Wanted, version: int | None) -> Item | None:
    """The version asked for by number, or the last one if the same was asked and it lacks its proof."""
    if version is not None:
        return known.get(version)
    last = known.get(max(known, default=0))
    if last is None or last.kind != wanted.kind or has_proof(desk.home, last):
        return None
    return last


def _made(
    desk: Desk,
    trust: Trust,
    certificate: bytes,
    wanted: Wanted,
    version: int,
    known: dict[int, Item],
    agree: Callable[[str, int], None] | None,
) -> Item:
    """Prepared, checked, signed, stored, sent; the logged item."""
    body: dict[str, cbor.Value] = {"batch": desk.fresh(16), "version": version}
    subject = f"certificate/{certificate.hex()}"
    prepared, told = desk.client.prepare_version(desk.request("certificates", subject, body))
    former = known.get(told.version - 1)
    sound = checked(desk, trust, prepared)
    _need_own(prepared, told, certificate, version, None if former is None else _claims(former))
    (item,) = prepared.items
    wrong = sound.wrong.get(item.candidate)
    corrected = former is not None and _claims(former).name == item.name
    if wrong is not None and not (wrong.code == "NAME_OTHER" and corrected):
        raise wrong
    change = _change(wanted, item.name, told)
    if agree is not None:
        agree(change.name, version)
    for _ in range(_ROUNDS):
        sent = _sent(desk, prepared, told, change, sound.trained)
        if sent.answer is None or not sent.answer.refused:
            return sent
        if sent.answer.code != DATE_PASSED:
            break
    assert sent.answer is not None
    raise sent.answer.error()


def _need_own(
    prepared: Prepared, told: PreparedVersion, certificate: bytes, version: int, former: Credential | None
) -> None:
    """The service answers about what was asked, and agrees with the version before, if this home made it."""
    (item,) = prepared.items
    if item.certificate != certificate or told.version != version:
        raise Refused("PREPARED_OTHER", "the service answered about another certificate or version")
    if former is None:
        return
    first = former.first_issued_on or shanghai_date(former.issued_at * 1000)
    if (item.number, item.name, told.issued_on) != (former.number, former.name, first):
        raise Refused("PREPARED_OTHER", "number, name or date of first issue is not that of this home")
    if item.code == former.code:
        raise Refused("PREPARED_OTHER", "a new version has a code of its own")


def _change(wanted: Wanted, name: str, told: PreparedVersion) -> Change:
    """What the version says. Raises Refused VERSION_SAME; Malformed of a name."""
    given = name if wanted.name is None else check_name(wanted.name).shown
    prints_id = told.prints_id if wanted.prints_id is None else wanted.prints_id
    same = (given, prints_id) == (name, told.prints_id)
    if same and isinstance(wanted.reason, CorrectionReason):
        raise Refused("VERSION_SAME", "a correction says something else", fix="Reissue it instead.")
    return Change(given, prints_id, wanted.reason)


def _sent(
    desk: Desk, prepared: Prepared, told: PreparedVersion, change: Change, trained: tuple[date, date]
) -> Item:
    now_ms = desk.clock()
    made = certify_version(
        desk.speaker, prepared, told, change, record_key=desk.fresh(32), now_ms=now_ms, fresh=desk.fresh(10)
    )
    day = shanghai_date(now_ms)
    note = note_of(
        prepared,
        responsible=desk.config.responsible,
        issued_on=told.issued_on,
        trained=trained,
        demo=desk.config.demo,
        remark=f"{_REMARKS[change.reason]} 第{told.version}版 {day.year}年{day.month}月{day.day}日",
    )
    draw_card(card_fields(parse_credential(made.credential).claims, note, made.qr), made.qr)
    batch = f"version/{made.item.certificate.hex()}"
    # Crash before the next line: nothing was stored, the next run signs anew under the same version.
    stored = desk.outbox.store(batch, [made.parcel], [encode_note(note)])
    # Crash here: the next run sends what is stored and signs none of it again.
    (sent,) = desk.deliver(stored)
    return sent


def _finished(
    desk: Desk,
    trust: Trust,
    certificate: bytes,
    item: Item,
    *,
    new: bool,
    cards: bool,
    papers: Papers | None,
    wait: Callable[[int], bool] | None,
) -> VersionReport:
    check_receipt(item, trust.receipt_key(), trust.bundle.origin)
    folder = write_folder(desk.home, item, card=cards)
    troubles = [one.error for one in fetch_proofs(desk, trust, [item], wait=wait)]
    if papers is not None:
        troubles += [error for _, error in write_pdfs(desk, papers, [item])]
    assert item.answer is not None  # a logged item has one
    claims = _claims(item)
    return VersionReport(
        certificate=certificate,
        version=claims.version,
        number=claims.number,
        seq=item.answer.seq,
        folder=folder_of(desk.home, item),
        proved=has_proof(desk.home, item),
        pdf=(folder / PDF).exists(),
        new=new,
        trouble=troubles[0] if troubles else None,
    )


def _claims(item: Item) -> Credential:
    return parse_credential(credential_of(item)).claims
