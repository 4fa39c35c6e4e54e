"""The twenty attacks of assurance A.3 on the real schema; number 0 does nothing.

Where an attack changes a result, it is the name on a certificate: its credential is exchanged as well, as
somebody with the service's secrets can. SK: with the service's checkpoint, receipt and status keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, State
from ledger.commitment import commit, decode_opening, encode_opening
from ledger.leaf import leaf_hash, parse_leaf
from ledger.statement import parse_statement
from registry.published.publishing import Publisher
from registry.storage.facts import decode, encode
from registry.storage.tables import fact, opening
from tests.insider import insider
from tests.insiders.forging import (
    Line,
    chained,
    changed,
    keys_of,
    ledger_row,
    lines,
    move_openings,
    publish_anew,
    rewrite,
    say_again,
)
from tests.insiders.hands import (
    STOLEN,
    append,
    exchange_entries,
    exchange_rows,
    exchange_tile,
    first_of,
    issued,
    openings_of,
    publish_anew_on_top,
    put_back_files,
    raised,
    renamed,
    say_more,
    sign,
    subject_of,
)
from tests.insiders.scene import DAY, SUSPENDED, Scene, copy_shown


def nothing(scene: Scene) -> None:
    """The control."""


def edit_row(scene: Scene) -> None:
    """The row, and its bytes in the published bundle; neither hash nor signature."""
    seq, leaf = renamed(scene)
    exchange_rows(scene, [{"seq": seq, "leaf": leaf}])
    exchange_entries(scene, {seq: leaf})


def edit_and_recompute(scene: Scene) -> None:
    """Row and all that hangs on it, in the database and in the published files; but no checkpoint."""
    seq, leaf = renamed(scene)
    said = lines(scene)
    said[seq] = replace(said[seq], raw=parse_leaf(leaf).statement)
    leaves = chained(scene.stage.world.origin, said)
    rows = [ledger_row(at, data) for at, data in enumerate(leaves)][seq:]
    exchange_rows(scene, rows)
    exchange_entries(scene, dict(enumerate(leaves)))
    exchange_tile(scene, [leaf_hash(data) for data in leaves])


def edit_and_sign(scene: Scene) -> None:
    """As the service itself would have done it, but for the signatory's signature."""
    seq, leaf = renamed(scene)
    said = lines(scene)
    said[seq] = replace(said[seq], raw=parse_leaf(leaf).statement)
    old = parse_statement(lines(scene)[seq].raw)
    move_openings(scene, {old.hash: parse_statement(said[seq].raw).hash})
    rewrite(scene, said)
    publish_anew(scene)


def edit_with_all_keys(scene: Scene) -> None:
    """Evaluator and signatory sign other marks, and all that rests on them, anew; no receipt is left."""
    said = lines(scene)
    first = next(seq for seq, line in enumerate(said) if parse_statement(line.raw).kind == "sheet")
    sheet = parse_statement(said[first].raw)
    opened = openings_of(scene, sheet)
    better = [replace(one, fields=raised(one.fields)) for one in opened]
    body = {**sheet.body, "entries": [commit(one) for one in better]}
    keys = keys_of(scene, "evaluator-1", "evaluator-2", "signatory")
    said, hashes = say_again(said, first, body, keys)

    def lie(old: bytes, place: int, kept: bytes) -> bytes:
        return encode_opening(better[place]) if old == sheet.hash else kept

    move_openings(scene, hashes, lie)
    rewrite(scene, said)
    publish_anew(scene)
    scene.receipts = False


def delete_tail(scene: Scene) -> None:
    """The newest rows are gone; the files of an older, truly signed checkpoint are put back."""
    with insider(scene.stage.service.settings) as raw:
        raw.run("DELETE FROM ledger_entry WHERE seq >= :size", size=scene.stage.size() - 3)
    put_back_files(scene)


def delete_tail_and_sign(scene: Scene) -> None:
    """The revocation and what came just before it were never said."""
    rewrite(scene, lines(scene)[:-3])
    publish_anew(scene)


def restore_backup(scene: Scene) -> None:
    """Database, files and lock store of an older day, each of them genuine."""
    scene.exchange(scene.put_back_old, scene.folder / "old")
    Publisher(scene.stage.service).run_once()


def restore_and_regrow(scene: Scene) -> None:
    """The same; then business goes on until the log is larger than it ever was."""
    size = scene.stage.size()
    restore_backup(scene)
    for kind in itertools.islice(itertools.cycle((SUSPENDED, "certificate-restored")), 1 + size):
        if scene.stage.size() > size:
            break
        say_more(scene, kind)
    Publisher(scene.stage.service).run_once()


def replace_payload(scene: Scene) -> None:
    """Other marks, sealed under the right key in the right place; the log is not touched."""
    sheet = first_of(scene, "sheet")

    def lie(_old: bytes, _place: int, kept: bytes) -> bytes:
        told = decode_opening(kept)
        return encode_opening(replace(told, fields=raised(told.fields)))

    move_openings(scene, {sheet.hash: sheet.hash}, lie)


def replace_payload_and_commitment(scene: Scene) -> None:
    """The name on a certificate, in the opening and in the act, which the signatory did not sign so."""
    seq, old = issued(scene)
    (opened,) = openings_of(scene, old)
    other = replace(opened, fields={**opened.fields, "name": STOLEN})
    body = {**old.body, "entries": [commit(other)]}
    said, hashes = say_again(lines(scene), seq, body, keys_of(scene))
    move_openings(scene, hashes, lambda _old, _place, _kept: encode_opening(other))
    rewrite(scene, said)
    publish_anew(scene)


def flip_status(scene: Scene) -> None:
    """A revoked certificate is valid in the table, and so in the lists that are made of it."""
    certificate = scene.certified[2].item.certificate.hex()
    place = sa.and_(fact.c.kind == "CertificateFact", fact.c.key == certificate)
    with insider(scene.stage.service.settings) as raw:
        record = raw.connection.execute(sa.select(fact.c.record).where(place)).scalar_one()
        known = decode(CertificateFact, record)
        assert known.state is State.REVOKED
        told = encode(replace(known, state=State.VALID))
        raw.connection.execute(sa.update(fact).where(place).values(record=told))
    scene.reopen()
    Publisher(scene.stage.service).run_once()


def delete_claim(scene: Scene) -> None:
    """The claim was never made: the person may claim again."""
    with insider(scene.stage.service.settings) as raw:
        raw.run("DELETE FROM fact WHERE kind IN ('Claim', 'Hold', 'ClaimedCertificate')")
        raw.run("DELETE FROM hold")
        raw.run("DELETE FROM open_claim")


def invent_event(scene: Scene) -> None:
    """A suspended certificate is restored in the signatory's name, by no signature of theirs."""
    kind, subject = "certificate-restored", subject_of(scene, 1)
    forged = parse_statement(sign(scene, kind, subject, {"reason": "ordered"}))
    raw = changed(forged, {"reason": "cleared"}, None)
    append(scene, raw)
    publish_anew_on_top(scene)


def replay_statement(scene: Scene) -> None:
    """The restoration the signatory once signed is put into the log a second time."""
    scene.stage.hands.set(scene.stage.hands.now_ms - 2 * DAY + 3_600_000)  # within the day it is good for
    old = first_of(scene, "certificate-restored")
    append(scene, old.raw, twice=True)
    publish_anew_on_top(scene)


def backdate_statement(scene: Scene) -> None:
    """The body dates a suspension a month back, and the service lets it in."""
    now = scene.stage.hands.now_ms
    raw = sign(scene, SUSPENDED, subject_of(scene, 4), {"reason": "ordered"}, at=now - 30 * DAY)
    append(scene, raw)
    publish_anew_on_top(scene)


def backdate_leaf(scene: Scene) -> None:
    """Body and service date statement and leaf alike, before the time of the last cosignature."""
    scene.cosign()  # two quiet days later the district has looked again
    then = scene.stage.hands.now_ms - DAY
    raw = sign(scene, SUSPENDED, subject_of(scene, 4), {"reason": "ordered"}, at=then)
    append(scene, raw, at=then)
    publish_anew_on_top(scene)


def reorder(scene: Scene) -> None:
    """Two certificates change places, each with the time it was promised."""
    said = lines(scene)
    seq, _ = issued(scene)
    said[seq - 1], said[seq] = said[seq], said[seq - 1]
    rewrite(scene, said)
    publish_anew(scene)


def split_view(scene: Scene) -> None:
    """Service and body see the true log; the district is shown one in which nothing was revoked."""
    true, other = scene.folder / "true", scene.folder / "other"
    said = lines(scene)
    copy_shown(scene.home, true)
    now = scene.stage.hands.now_ms
    filler = [sign(scene, SUSPENDED, subject_of(scene, place), {"reason": "ordered"}) for place in (3, 4)]
    rewrite(scene, [*said[:-1], *(Line(now, raw) for raw in filler)])
    publish_anew(scene)
    copy_shown(scene.home, other)
    scene.exchange(scene.put_back, true)
    scene.shown = other


def drop_after_receipt(scene: Scene) -> None:
    """A revocation is acknowledged, then taken out before anybody saw it; another entry takes its place."""
    said = lines(scene)
    scene.say("certificate-revoked", 4)
    rewrite(scene, said)
    scene.reopen()
    say_more(scene, SUSPENDED)
    Publisher(scene.stage.service).run_once()


def destroy_payload(scene: Scene) -> None:
    """The marks of a trainee are gone, and no act says why."""
    sheet = first_of(scene, "sheet")
    with insider(scene.stage.service.settings) as raw:
        where = sa.and_(opening.c.statement == sheet.hash, opening.c.place == 0)
        assert raw.connection.execute(sa.delete(opening).where(where)).rowcount == 1


ATTACKS: dict[int, Callable[[Scene], None]] = {
    0: nothing,
    1: edit_row,
    2: edit_and_recompute,
    3: edit_and_sign,
    4: edit_with_all_keys,
    5: delete_tail,
    6: delete_tail_and_sign,
    7: restore_backup,
    8: restore_and_regrow,
    9: replace_payload,
    10: replace_payload_and_commitment,
    11: flip_status,
    12: delete_claim,
    13: invent_event,
    14: replay_statement,
    15: backdate_statement,
    16: backdate_leaf,
    17: reorder,
    18: split_view,
    19: drop_after_receipt,
    20: destroy_payload,
}
