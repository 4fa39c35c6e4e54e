"""Issuing: the certificates of a confirmed class, one or hundreds, from prepare to the folder of each.

Promises: whatever is cut off where, running it again goes on; nobody gets two certificates and no number is
given twice (the outbox holds one live statement for each candidate); one person's trouble is named and leaves
the others alone; a day that ended on the way is signed anew under the same number.

Steps: 1 what an earlier run left unanswered is sent again; 2 the service prepares numbers; 3 the answer is
held against the sealed roster and the body's own result; 4 for each part of the class: credentials are
signed, cards checked, statements stored, sent, answers kept; 5 the folders are written; 6 proofs are
fetched; 7 where they are wanted, PDFs are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from issuers.credential import parse_credential
from issuers.printing.card import check_card, draw_card
from issuers.sign.answers import Prepared, PreparedItem
from issuers.sign.desk.artefacts import (
    Issued,
    candidate_of,
    card_fields,
    describe,
    encode_note,
    has_proof,
    note_of,
    write_folder,
    write_proof,
)
from issuers.sign.desk.classes import fetch_evidence, opening_of_class, standard_of_class
from issuers.sign.desk.desk import SEND_AT_ONCE, Desk
from issuers.sign.desk.papers import Papers, write_pdfs
from issuers.sign.desk.trust import Trust, check_evidence, check_item_proof, check_receipt, load_trust
from issuers.sign.drafting_certificates import Certified, certify, check_prepared, number_key
from issuers.sign.outbox import Item, ItemState
from ledger.errors import BadSignature, MalanError, Malformed, ProofFailed, Refused

__all__ = ["IssueReport", "Issued", "Trouble", "checked", "fetch_proofs", "issue", "prepare"]

DATE_PASSED: Final = "DATE_PASSED"
_ROUNDS: Final = 3  # midnight passes once; a clock that is wrong would make it pass for ever
_NAME_SURE_TO_FIT: Final = 12  # code points; longer ones are laid out before anything is signed for good
_BATCH_TERM_MS: Final = 60 * 3_600_000  # a new batch id well before the 72 hours of a reservation end


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one person got no certificate now."""

    candidate: bytes
    error: MalanError


@dataclass(frozen=True, slots=True)
class Checked:
    """A prepared class held against its evidence: who is `wrong` by candidate; first and last day of
    class."""

    wrong: Mapping[bytes, Refused]
    trained: tuple[date, date]


@dataclass(frozen=True, slots=True)
class IssueReport:
    """Every certificate this home issued for the class, who got none, how many are new in this run."""

    class_id: bytes
    issued: tuple[Issued, ...]
    troubles: tuple[Trouble, ...]
    new: int


def issue(
    desk: Desk,
    class_id: bytes,
    *,
    cards: bool = True,
    papers: Papers | None = None,
    agree: Callable[[int], None] | None = None,
    wait: Callable[[int], bool] | None = None,
) -> IssueReport:
    """Issues for everybody who passed and has neither certificate nor voided number.

    With `papers`, each certificate that has its proof also gets its PDF.
    `agree` is told how many certificates are about to be signed, and raises to stop that.
    `wait` is asked before each further look for proofs, with the number still missing: it sleeps and answers
    whether to look again; without it one look is taken. Raises Unavailable when the service does not answer,
    Refused about the class as a whole; what was done before is kept.
    """
    trust = load_trust(desk)
    batch = f"issue/{class_id.hex()}"
    before = {item.id for item in desk.outbox.items(batch) if item.state is ItemState.LOGGED}
    resent = desk.send_waiting(batch)
    prepared = prepare(desk, class_id)
    troubles = _lost(resent, prepared)
    if prepared.items:
        troubles += _issue_prepared(desk, trust, prepared, batch, cards=cards, agree=agree)
    logged = [item for item in desk.outbox.items(batch) if _is_issued(item)]
    written = _write_folders(desk, trust, logged, troubles, cards=cards)
    troubles += fetch_proofs(desk, trust, [item for item in logged if item.id in written], wait=wait)
    if papers is not None:
        failed = write_pdfs(desk, papers, [item for item in logged if item.id in written])
        troubles += [Trouble(candidate_of(item), error) for item, error in failed]
    issued = [describe(desk.home, item, written=item.id in written) for item in logged]
    new = sum(item.id not in before for item in logged)
    return IssueReport(class_id, tuple(issued), tuple(troubles), new)


def prepare(desk: Desk, class_id: bytes) -> Prepared:
    """The service's reservations for the class, under one batch id for as long as they last."""
    now = desk.clock()
    name = f"prepare/{class_id.hex()}/{now // _BATCH_TERM_MS}"
    token = desk.outbox.batch(name, fresh=desk.fresh(16), now_ms=now)
    subject = f"class/{class_id.hex()}"
    return desk.client.prepare(desk.request("certificates", subject, {"batch": token}))


def checked(desk: Desk, trust: Trust, prepared: Prepared) -> Checked:
    """What the signatory would not sign, and the days of the class.

    Raises Refused PREPARED_OTHER or HOST_OTHER about the whole answer, and as `check_evidence`.
    """
    evidence = fetch_evidence(desk, prepared.class_id)
    check_evidence(trust, evidence)
    standard = standard_of_class(desk, trust, prepared.class_id, evidence)
    told = (prepared.standard, prepared.kind, prepared.stage, prepared.course, prepared.hours)
    if told != (standard.id, standard.kind, standard.stage, standard.title, standard.hours):
        raise Refused("PREPARED_OTHER", "the service prepared another standard, kind, stage, course or hours")
    if prepared.host not in trust.bundle.hosts:
        raise Refused("HOST_OTHER", "the QR codes would lead to an address verifiers do not accept")
    opened = opening_of_class(desk, prepared.class_id, evidence)
    return Checked(check_prepared(prepared, evidence), (opened.first_day, opened.last_day))


def fetch_proofs(
    desk: Desk, trust: Trust, items: Sequence[Item], *, wait: Callable[[int], bool] | None = None
) -> list[Trouble]:
    """Puts each published proof, checked, into its folder; what is not published is left for later.

    A log that shows something else than was sent or promised is a trouble of that certificate, and a grave
    one: the receipt convicts whoever signed it.
    """
    missing = [item for item in items if not has_proof(desk.home, item)]
    total, broken, done = len(missing), [], 0
    while missing:
        left = []
        for item in missing:
            assert item.answer is not None  # logged items have one
            proof = desk.client.proof(item.answer.seq)
            if proof is None:
                left.append(item)
                continue
            try:
                check_item_proof(item, proof, trust)
                write_proof(desk.home, item, proof)
            except (ProofFailed, BadSignature, Malformed) as error:
                broken.append(Trouble(candidate_of(item), error))
            done += 1
            desk.progress("proofs", done, total)
        missing = left
        if not missing or wait is None or not wait(len(missing)):
            break
    return broken


def _lost(resent: Sequence[Item], prepared: Prepared) -> list[Trouble]:
    """Statements of an earlier run that the log refuses now, of people the service does not name again."""
    named = {item.candidate for item in prepared.items}
    refused = [(candidate_of(item), item.answer) for item in resent if item.answer and item.answer.refused]
    return [Trouble(one, answer.error()) for one, answer in refused if one not in named]


def _issue_prepared(
    desk: Desk,
    trust: Trust,
    prepared: Prepared,
    batch: str,
    *,
    cards: bool,
    agree: Callable[[int], None] | None,
) -> list[Trouble]:
    sound = checked(desk, trust, prepared)
    troubles = [Trouble(candidate, error) for candidate, error in sound.wrong.items()]
    todo = [
        item
        for item in prepared.items
        if item.candidate not in sound.wrong and _is_free(desk, prepared, item)
    ]
    if todo and agree is not None:
        agree(len(todo))
    for start in range(0, len(todo), SEND_AT_ONCE):
        part: list[PreparedItem] = todo[start : start + SEND_AT_ONCE]
        for round_ in range(_ROUNDS):
            last = round_ == _ROUNDS - 1
            part, failed = _issue_part(
                desk, prepared, part, batch, trained=sound.trained, cards=cards, last=last
            )
            troubles += failed
            if not part:
                break
    return troubles


def _issue_part(
    desk: Desk,
    prepared: Prepared,
    items: Sequence[PreparedItem],
    batch: str,
    *,
    trained: tuple[date, date],
    cards: bool,
    last: bool,
) -> tuple[list[PreparedItem], list[Trouble]]:
    """Signs, stores and sends; answers with those whose day had passed, and the troubles of the others."""
    ready: list[tuple[Certified, bytes]] = []
    troubles: list[Trouble] = []
    for item in items:
        try:
            ready.append(_signed(desk, prepared, item, trained=trained, draw=cards and not ready))
        except MalanError as error:
            troubles.append(Trouble(item.candidate, _placed(error, item)))
        desk.progress("signing", len(ready) + len(troubles), len(items))
    # Crash before the next line: nothing was stored, the next run signs anew under the same numbers.
    stored = desk.outbox.store(batch, [made.parcel for made, _ in ready], [note for _, note in ready])
    # Crash here: the next run sends what is stored and signs none of it again.
    again: list[PreparedItem] = []
    for (made, _), sent in zip(ready, desk.deliver(stored), strict=True):
        if sent.answer is None or not sent.answer.refused:
            continue
        if sent.answer.code == DATE_PASSED and not last:
            again.append(made.item)
        else:
            troubles.append(Trouble(made.item.candidate, _placed(sent.answer.error(), made.item)))
    return again, troubles


def _signed(
    desk: Desk, prepared: Prepared, item: PreparedItem, *, trained: tuple[date, date], draw: bool
) -> tuple[Certified, bytes]:
    """One certificate with its note, after the card was found to be printable.

    `draw` lays the whole card out: what is common to a class fits for all when it fits for one.
    """
    made = certify(
        desk.speaker,
        prepared,
        item,
        record_key=desk.fresh(32),
        now_ms=desk.clock(),
        fresh=desk.fresh(10),
    )
    note = note_of(
        prepared,
        responsible=desk.config.responsible,
        issued_on=made.issued_on,
        trained=trained,
        demo=desk.config.demo,
    )
    card = card_fields(parse_credential(made.credential).claims, note, made.qr)
    if draw or len(item.name) > _NAME_SURE_TO_FIT:
        draw_card(card, made.qr)
    else:
        check_card(card)
    return made, encode_note(note)


def _write_folders(
    desk: Desk, trust: Trust, logged: Sequence[Item], troubles: list[Trouble], *, cards: bool
) -> set[int]:
    """The items that have their folder; a false receipt or a file that fails is that person's trouble."""
    key = trust.receipt_key()
    written = set()
    for done, item in enumerate(logged, start=1):
        try:
            check_receipt(item, key, trust.bundle.origin)
            write_folder(desk.home, item, card=cards)
            written.add(item.id)
        except MalanError as error:
            troubles.append(Trouble(candidate_of(item), error))
        desk.progress("cards" if cards else "files", done, len(logged))
    return written


def _is_free(desk: Desk, prepared: Prepared, item: PreparedItem) -> bool:
    return desk.outbox.live(number_key(prepared.class_id, item.candidate)) is None


def _is_issued(item: Item) -> bool:
    return item.state is ItemState.LOGGED and item.kind == "certificate-issued"


def _placed(error: MalanError, item: PreparedItem) -> MalanError:
    where = f"candidate {item.candidate.hex()}" + (f", {error.where}" if error.where else "")
    return type(error)(error.code, error.what, where=where, fix=error.fix)
