"""Attacks by an administrator who also holds the service's own secrets: what rests beside the log still lies
in vain, because the log holds the hash, the place or the commitment of it."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from issuers.bundle import Bundle, BundledList, open_bundle, sign_bundle
from issuers.carried import FORMS, TRUST, Form
from issuers.status import open_status_list, sign_status_list
from issuers.witnesses import with_log
from ledger import cbor
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.note import NoteSigner, parse_note, parse_vkey, sign_note
from ledger.policy import Witness, k_of, render_policy
from registry.fsck.departure import Departure
from registry.fsck.run import check
from registry.service import note_signer
from registry.storage.tables import reservation
from tests.attacks.lived import Lived, lived
from tests.ground import on
from tests.registry.conftest import _quiet, founded_template, results_template


def found(lived: Lived) -> set[tuple[str, str]]:
    return {(one.code, one.where.split(" ")[0]) for one in check(lived.stage.service).departures}


def test_two_certificates_that_exchange_their_codes_are_named(lived: Lived) -> None:
    """Whoever types the code of one would be told about the other: sealed anew, look-up and all."""
    people = lived.stage.service.people
    with lived.changed() as raw:
        rows = raw.connection.execute(sa.select(reservation).limit(2)).all()
        opened = [_opened(lived, raw.connection, row) for row in rows]
        marks = [row.code_index for row in rows]
        for row, (number, _), (_, code), mark in zip(
            rows, opened, reversed(opened), (b"-" * 32, marks[0]), strict=True
        ):
            place = (row.class_id, row.candidate)
            plain = cbor.encode([number, code])
            sealed = people.seal(raw.connection, row.person, plain, table="reservation", place=place)
            change = sa.update(reservation).where(reservation.c.certificate == row.certificate)
            raw.connection.execute(change.values(sealed=sealed, code_index=mark))
        change = sa.update(reservation).where(reservation.c.certificate == rows[0].certificate)
        raw.connection.execute(change.values(code_index=marks[1]))
    assert found(lived) == {("RESERVATION_DIFFERS", "certificate")}


def test_a_number_that_was_issued_to_another_candidate_is_named(lived: Lived) -> None:
    """The number alone, so that credential and committed number both speak against it."""
    people = lived.stage.service.people
    with lived.changed() as raw:
        rows = raw.connection.execute(sa.select(reservation).limit(2)).all()
        opened = [_opened(lived, raw.connection, row) for row in rows]
        for row, (_, code), (number, _) in zip(rows, opened, reversed(opened), strict=True):
            place = (row.class_id, row.candidate)
            plain = cbor.encode([number, code])
            sealed = people.seal(raw.connection, row.person, plain, table="reservation", place=place)
            change = sa.update(reservation).where(reservation.c.certificate == row.certificate)
            raw.connection.execute(change.values(sealed=sealed))
    assert found(lived) == {("RESERVATION_DIFFERS", "certificate"), ("RESERVATION_DIFFERS", "seq")}


def _opened(lived: Lived, connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> tuple[str, str]:
    place = (row.class_id, row.candidate)
    people = lived.stage.service.people
    plain = people.unseal(connection, row.person, row.sealed, table="reservation", place=place)
    match cbor.decode(plain):
        case [str(number), str(code)]:
            return number, code
    raise AssertionError("a sealed reservation holds number and code")


def other_bits(lived: Lived, bundle: Bundle) -> Bundle:
    """The bundle with a certificate's status flipped, all signed by the service's own key."""
    status = lived.stage.service.secrets.status
    told = open_status_list(bundle.lists[0].token, status.public)
    bits = bytes([told.bits[0] ^ 1]) + told.bits[1:]
    token = sign_status_list(replace(told, bits=bits), status)
    return replace(bundle, lists=(BundledList(bundle.lists[0].number, token), *bundle.lists[1:]))


def no_list(lived: Lived, bundle: Bundle) -> Bundle:
    return replace(bundle, lists=())


def act_left_out(_: Lived, bundle: Bundle) -> Bundle:
    """Its last act, so that all others still add up."""
    return replace(bundle, acts=bundle.acts[:-1])


def act_elsewhere(_: Lived, bundle: Bundle) -> Bundle:
    """At the place after its own, where the log has an act of another kind."""
    taken = {one.seq for one in bundle.acts} | {bundle.size}
    moved = next(one for one in reversed(bundle.acts) if one.seq + 1 not in taken)
    changed = replace(moved, seq=moved.seq + 1)
    return replace(bundle, acts=tuple(changed if one is moved else one for one in bundle.acts))


def act_later(_: Lived, bundle: Bundle) -> Bundle:
    """A verifier without a proof believes what was signed before the time a key was stopped."""
    last = bundle.acts[-1]
    return replace(bundle, acts=(*bundle.acts[:-1], replace(last, time_ms=last.time_ms + 1000)))


def other_root(lived: Lived, bundle: Bundle) -> Bundle:
    """Under a second history of the log's own key."""
    known = parse_checkpoint(parse_note(bundle.checkpoint).text)
    body = Checkpoint(known.origin, known.size, b"\x05" * 32).body()
    return replace(bundle, checkpoint=sign_note(body, [note_signer(lived.stage.service)]))


def other_key(lived: Lived, bundle: Bundle) -> Bundle:
    key = lived.stage.world.witnesses[0].private_key
    return replace(bundle, log_vkey=NoteSigner(bundle.origin, key).key.vkey)


def other_hosts(_: Lived, bundle: Bundle) -> Bundle:
    """A look-alike's address, which offline verifiers would take for ours."""
    return replace(bundle, hosts=(*bundle.hosts, "https://cert-malan.example"))


def other_witnesses(lived: Lived, bundle: Bundle) -> Bundle:
    """As if a district had been appointed."""
    one = lived.stage.world.witnesses[0].key
    policy = k_of([Witness(one.name, one)], 1, name="districts")
    text = render_policy(with_log(policy, parse_vkey(bundle.log_vkey))).decode()
    return replace(bundle, policy=text)


FORGED: dict[str, Callable[[Lived, Bundle], Bundle]] = {
    "an act left out": act_left_out,
    "an act elsewhere": act_elsewhere,
    "an act at another time": act_later,
    "another status list": other_bits,
    "no status list": no_list,
    "a checkpoint with another root": other_root,
    "another log key": other_key,
    "another host": other_hosts,
    "other witnesses": other_witnesses,
}


@contextmanager
def exchanged(path: Path, data: bytes | None) -> Iterator[None]:
    """The file holds these bytes inside, or is away."""
    kept = path.read_bytes()
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(kept)


@on("sqlite")
@pytest.mark.parametrize(
    ("form", "case"),
    [(form, case) for form in FORMS for case in FORGED if form is TRUST or "list" not in case],
    ids=lambda one: getattr(one, "file", one),
)
def test_a_bundle_the_service_itself_forged_is_named(lived: Lived, form: Form, case: str) -> None:
    """Whoever verifies offline has the bundle alone: fsck reads every part of it as they do."""
    with lived.changed():
        pass  # as it was
    path = lived.stage.service.settings.home / form.file
    bundle, _ = open_bundle(path.read_bytes(), form)
    raw = sign_bundle(FORGED[case](lived, bundle), lived.stage.service.secrets.status, form)
    with exchanged(path, raw):
        assert {code for code, _ in found(lived)} == {"BUNDLE_DIFFERS"}
    assert found(lived) == set()


@on("sqlite")
def test_a_status_list_that_was_taken_away_is_named(lived: Lived) -> None:
    with lived.changed():
        pass  # as it was
    with exchanged(lived.stage.service.settings.home / "status" / "1", None):
        departures = check(lived.stage.service).departures
    assert [(one.code, one.where) for one in departures] == [("LIST_MISSING", "status/1")]
    assert departures[0] == Departure("LIST_MISSING", "status/1", "the list is not there")
