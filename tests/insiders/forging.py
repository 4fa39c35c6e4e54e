"""What whoever runs the service can do to it: rows of the ledger and all that follows from them written anew,
the published log made again under the service's own keys, a statement changed with or without its key."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts import read_act
from issuers.authority import judge as judging
from issuers.authority.class_facts import CertificateFact, Hold
from issuers.authority.view import Fact, MemoryView
from issuers.carried import FORMS
from ledger import cbor
from ledger.cose import Claims
from ledger.keys import Signer
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash, parse_leaf
from ledger.statement import Statement, parse_statement, sign_statement
from ledger.store import entry, read_leaves
from registry.published.publishing import Publisher
from registry.storage.facts import encode
from registry.storage.places import add_places
from registry.storage.rows import Rows
from registry.storage.tables import (
    bundled,
    class_entry,
    credential,
    fact,
    hold,
    named_entry,
    open_claim,
    opening,
)
from tests.insider import insider
from tests.insiders.scene import Scene

FOLLOW = (fact, bundled, class_entry, named_entry, open_claim)


@dataclass(frozen=True, slots=True)
class Line:
    """A statement and the time of its leaf."""

    time_ms: int
    raw: bytes


def lines(scene: Scene) -> list[Line]:
    """What the ledger says now."""
    with scene.stage.service.database.reading() as connection:
        leaves = [parse_leaf(data) for data in read_leaves(connection, 0, scene.stage.size())]
    return [Line(leaf.time_ms, leaf.statement) for leaf in leaves]


def chained(origin: str, said: Iterable[Line]) -> list[bytes]:
    """Leaves of a whole new chain."""
    prev, made = first_prev(origin), []
    for seq, line in enumerate(said):
        made.append(encode_leaf(Leaf(seq, line.time_ms, prev, line.raw)))
        prev = leaf_hash(made[-1])
    return made


def ledger_row(seq: int, leaf: bytes) -> dict[str, object]:
    """With columns that agree."""
    statement = parse_statement(parse_leaf(leaf).statement)
    columns = {"cti": statement.cti, "statement_hash": statement.hash}
    return {"seq": seq, "leaf": leaf, "leaf_hash": leaf_hash(leaf), **columns}


def rewrite(scene: Scene, said: Sequence[Line], *, twice: Iterable[int] = ()) -> None:
    """The ledger is these statements; every table that follows from it follows, whoever signed what.

    Columns of the places in `twice` name nobody's statement: they would repeat an earlier row's.
    """
    rows = [ledger_row(seq, leaf) for seq, leaf in enumerate(chained(scene.stage.world.origin, said))]
    for seq in twice:
        rows[seq] |= {"cti": seq.to_bytes(16, "big"), "statement_hash": seq.to_bytes(32, "big")}
    view, changed, places, waiting = _believed(said)
    scene.stage.service.database.close()
    with insider(scene.stage.service.settings) as raw:
        connection = raw.connection
        connection.exec_driver_sql("BEGIN")
        for table in (entry, *FOLLOW):
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(entry), rows)
        places.write(connection)
        facts = [
            {"kind": kind.__name__, "key": key, "record": encode(one), "seq": changed[kind, key]}
            for (kind, key), one in view.facts.items()
        ]
        connection.execute(sa.insert(fact), facts)
        if waiting:
            connection.execute(sa.insert(open_claim), waiting)
        _drop_what_is_gone(connection, said, view)
        connection.exec_driver_sql("COMMIT")


def _believed(
    said: Sequence[Line],
) -> tuple[MemoryView, dict[tuple[type[Fact], str], int], Rows, list[dict[str, object]]]:
    """As the service would have it, had it looked at no signature and no clock."""
    view, changed, places = MemoryView(), dict[tuple[type[Fact], str], int](), Rows()
    waiting: dict[bytes, dict[str, object]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "SKEW_MAX_MS", 10**15)
        for seq, line in enumerate(said):
            statement = parse_statement(line.raw)
            act = read_act(statement)
            facts = judging.judge(view, statement, seq=seq, time_ms=line.time_ms, act=act)
            view.put(facts)
            changed |= {(type(one), one.key): seq for one in facts}
            add_places(places, statement, act, seq=seq)
            if statement.kind == "claim-submitted":
                claim = bytes.fromhex(statement.subject.removeprefix("claim/"))
                district = statement.body["district"]
                row = {"claim": claim, "district": district, "submitted_ms": line.time_ms}
                waiting[claim] = {**row, "statement": statement.hash}
    return view, changed, places, list(waiting.values())


def _drop_what_is_gone(connection: sa.Connection, said: Sequence[Line], view: MemoryView) -> None:
    kept = [parse_statement(line.raw).hash for line in said]
    connection.execute(sa.delete(opening).where(opening.c.statement.not_in(kept)))
    certificates = [one.id for one in view.all(CertificateFact)]
    connection.execute(sa.delete(credential).where(credential.c.certificate.not_in(certificates)))
    live = [one.claim for one in view.all(Hold) if not one.released]
    connection.execute(sa.delete(hold).where(hold.c.claim.not_in(live)))


def publish_anew(scene: Scene) -> None:
    """The log as the rows have it, under the service's keys, with nothing of what was signed before."""
    home = scene.home
    for name in ("log", "status", "lock-store"):
        shutil.rmtree(home / name, ignore_errors=True)
    for form in FORMS:
        (home / form.file).unlink(missing_ok=True)
    scene.reopen()
    scene.stage.service.lock.create()
    Publisher(scene.stage.service).run_once()


def changed(
    statement: Statement, body: Mapping[str, cbor.Value], signer: Signer | None, *, iat: int | None = None
) -> bytes:
    """The statement with another body; without its signer's key, under a signature that is not theirs."""
    claims = Claims(
        statement.issuer,
        statement.subject,
        statement.audience,
        statement.issued_at if iat is None else iat,
        statement.cti,
    )
    old = statement.message
    by: Any = _Nobody(old.kid, old.alg, old.signature) if signer is None else signer
    return sign_statement(by, kind=statement.kind, version=statement.version, claims=claims, body=body)


@dataclass(frozen=True, slots=True)
class _Nobody:
    """Puts the old signature under the new bytes."""

    kid: bytes
    alg: int
    signature: bytes

    @property
    def public(self) -> _Nobody:
        return self

    def sign(self, message: bytes) -> bytes:
        return self.signature


def replaced(value: Any, exchanged: Mapping[bytes, bytes]) -> Any:
    """The value with byte strings exchanged, wherever they stand."""
    match value:
        case bytes():
            return exchanged.get(value, value)
        case list() | tuple():
            return [replaced(one, exchanged) for one in value]
        case dict():
            return {name: replaced(one, exchanged) for name, one in value.items()}
    return value


def say_again(
    said: Sequence[Line],
    first: int,
    body: Mapping[str, cbor.Value],
    key_of: Callable[[bytes], Signer | None],
) -> tuple[list[Line], dict[bytes, bytes]]:
    """Entry `first` says `body`; whatever names it by its hash names the new one, and so on.

    `key_of` gives the key of a kid, None where it is not to be had. Also the hashes that changed.
    """
    made, hashes = list(said), dict[bytes, bytes]()
    for seq in range(first, len(made)):
        old = parse_statement(made[seq].raw)
        now = body if seq == first else replaced(dict(old.body), hashes)
        if seq != first and now == dict(old.body):
            continue
        raw = changed(old, now, key_of(old.kid))
        made[seq] = replace(made[seq], raw=raw)
        hashes[old.hash] = parse_statement(raw).hash
    return made, hashes


def move_openings(
    scene: Scene,
    hashes: Mapping[bytes, bytes],
    change: Callable[[bytes, int, bytes], bytes] = lambda _statement, _place, opened: opened,
) -> None:
    """What opened the old statements opens the new ones; `change` may put something else in."""
    people = scene.stage.service.people
    scene.stage.service.database.close()
    with insider(scene.stage.service.settings) as raw:
        for old, new in hashes.items():
            query = sa.select(opening).where(opening.c.statement == old).order_by(opening.c.place)
            for row in raw.connection.execute(query).all():
                plain = change(old, row.place, people.opened(raw.connection, row))
                place = (new, row.place)
                sealed = people.seal(raw.connection, row.person, plain, table="opening", place=place)
                at = sa.and_(opening.c.statement == old, opening.c.place == row.place)
                values = {"statement": new, "sealed": sealed}
                raw.connection.execute(sa.update(opening).where(at).values(values))


def keys_of(scene: Scene, *names: str) -> Callable[[bytes], Signer | None]:
    """The keys of these people and of nobody else."""
    signers = [scene.stage.world.people[name].signer for name in names]
    return {one.public.kid: one for one in signers}.get
