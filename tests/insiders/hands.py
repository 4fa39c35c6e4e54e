"""What an insider's hands do in an attack: find a statement, put in another, exchange rows and files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from issuers.acts.words import COMMITTED
from issuers.credential import Credential, parse_credential, sign_credential
from ledger.commitment import Opening, decode_opening
from ledger.keys import from_seed
from ledger.statement import Statement, parse_statement
from ledger.store import entry
from ledger.tiles import decode_bundle, encode_bundle
from registry.published.publishing import Publisher
from registry.storage.tables import credential
from tests.insider import insider
from tests.insiders.forging import Line, lines, rewrite
from tests.insiders.scene import Scene, copy_shown
from tests.world_parts import seeded

THE_ONE = 3  # the certificate that is changed: no claim rests on it, and nothing was said of it since
STOLEN = "欧阳娜娜"


def publish_anew_on_top(scene: Scene) -> None:
    """What was published stays; the service publishes on, as it does every second."""
    scene.reopen()
    Publisher(scene.stage.service).run_once()


def append(scene: Scene, raw: bytes, *, at: int | None = None, twice: bool = False) -> None:
    """One more leaf at the end, by no door; `twice` keeps an id that stands there already."""
    said = [*lines(scene), Line(scene.stage.hands.now_ms if at is None else at, raw)]
    rewrite(scene, said, twice=[len(said) - 1] if twice else [])


def sign(scene: Scene, kind: str, subject: str, body: Any, *, at: int | None = None) -> bytes:
    """The signatory's own signature."""
    now = scene.stage.hands.now_ms if at is None else at
    return scene.stage.world.sign(kind, "signatory", subject, body, at=now)


def say_more(scene: Scene, kind: str) -> None:
    """Business that goes on; of what the signatory says now, they have no receipt from before."""
    stage = scene.stage
    stage.hands.set(stage.hands.now_ms + 1_000)
    raw = sign(scene, kind, subject_of(scene, 4), {"reason": "ordered"})
    assert stage.post(raw).status_code == 200


def subject_of(scene: Scene, place: int) -> str:
    """The subject of the certificate issued at this place."""
    return f"certificate/{scene.certified[place].item.certificate.hex()}"


def first_of(scene: Scene, kind: str) -> Statement:
    """The first of its kind."""
    said = (parse_statement(line.raw) for line in lines(scene))
    return next(one for one in said if one.kind == kind)


def issued(scene: Scene) -> tuple[int, Statement]:
    """Place and statement of the certificate that is changed."""
    said = [parse_statement(line.raw) for line in lines(scene)]
    subject = subject_of(scene, THE_ONE)
    return next((seq, one) for seq, one in enumerate(said) if one.subject == subject)


def openings_of(scene: Scene, statement: Statement) -> list[Opening]:
    """What the service holds behind a statement, opened."""
    with scene.stage.service.database.reading() as connection:
        people = scene.stage.service.people
        return [decode_opening(raw) for raw in people.openings(connection, statement.hash)]


def raised(fields: Any) -> dict[str, Any]:
    """A tenth of a point more in everything."""
    marks = {name: value + 1 for name, value in fields.items() if name not in COMMITTED["sheet"]}
    return {**fields, **marks}


def renamed(scene: Scene) -> tuple[int, bytes]:
    """Place and leaf of a certificate with another credential, which is exchanged as well."""
    seq, old = issued(scene)
    people, certificate = scene.stage.service.people, scene.certified[THE_ONE].item.certificate
    told: Credential = parse_credential(scene.certified[THE_ONE].credential).claims
    forged = sign_credential(replace(told, name=STOLEN), from_seed(old.alg, seeded("a forger", 48)))
    with insider(scene.stage.service.settings) as raw:
        query = sa.select(credential.c.person).where(credential.c.certificate == certificate)
        person = raw.connection.execute(query).scalar_one()
        sealed = people.seal(raw.connection, person, forged, table="credential", place=(certificate,))
        change = sa.update(credential).where(credential.c.certificate == certificate)
        raw.connection.execute(change.values(sealed=sealed))
        leaf = raw.connection.execute(sa.select(entry.c.leaf).where(entry.c.seq == seq)).scalar_one()
    digest = hashlib.sha256(scene.certified[THE_ONE].credential).digest()
    return seq, leaf.replace(digest, hashlib.sha256(forged).digest())


def exchange_rows(scene: Scene, rows: list[dict[str, Any]]) -> None:
    """Other values in rows of the ledger, each found by its `seq`."""
    with insider(scene.stage.service.settings) as raw:
        for row in rows:
            change = sa.update(entry).where(entry.c.seq == row["seq"])
            raw.connection.execute(change.values({name: row[name] for name in row if name != "seq"}))


def _newest(scene: Scene, level: str) -> Path:
    """The widest partial file of the one tile of a level: this log has fewer than 256 entries."""
    return max((scene.home / "log" / "tile" / level / "000.p").iterdir(), key=lambda one: int(one.name))


def exchange_entries(scene: Scene, leaves: dict[int, bytes]) -> None:
    """Other leaves in the published bundle."""
    path = _newest(scene, "entries")
    old = decode_bundle(path.read_bytes(), width=int(path.name))
    path.write_bytes(encode_bundle([leaves.get(seq, one) for seq, one in enumerate(old)]))
    scene.reopen()


def exchange_tile(scene: Scene, hashes: list[bytes]) -> None:
    """Other hashes in the published tile of level 0."""
    _newest(scene, "0").write_bytes(b"".join(hashes))
    scene.reopen()


def put_back_files(scene: Scene) -> None:
    """The lock store is not the insider's to bring back: it lies on another host."""
    lock = scene.home / "lock-store" / "note"
    kept = lock.read_bytes()
    copy_shown(scene.folder / "old", scene.home)
    lock.write_bytes(kept)
    scene.reopen()
