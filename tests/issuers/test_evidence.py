"""Evidence: a document with one form, and openings that open exactly what was signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.acts.classes import Roster
from issuers.evidence import (
    Evidence,
    EvidenceStatement,
    from_json,
    of_kind,
    open_certificate,
    open_roster,
    open_sheet,
    recompute,
    the_roster,
    the_sheets,
    to_json,
)
from issuers.standard import evaluate
from ledger.commitment import Opening, decode_opening, encode_opening
from ledger.errors import MalanError
from tests.world import World
from tests.world_parts import STANDARD


@lru_cache(maxsize=1)
def _world() -> World:
    return World.founded().with_standard().with_class().with_results().with_certificates()


@pytest.fixture
def world() -> World:
    return _world().copy()


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_the_document_comes_back_as_it_was(world: World) -> None:
    evidence = world.evidence()
    assert len(evidence.statements) == 10
    assert from_json(to_json(evidence)) == evidence
    assert from_json(to_json(evidence) + b"\n") == evidence


def test_another_spelling_of_the_same_document_is_refused(world: World) -> None:
    spelled = json.dumps(json.loads(to_json(world.evidence())), indent=4).encode()
    assert code_of(lambda: from_json(spelled)) == "EVIDENCE_SPELLING"


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.binary(max_size=40), st.lists(st.binary(max_size=9), max_size=3)),
        unique_by=lambda item: item[0],
    )
)
def test_any_statements_come_back(items: list[tuple[int, bytes, list[bytes]]]) -> None:
    told = tuple(EvidenceStatement(seq, 5, raw, tuple(openings)) for seq, raw, openings in sorted(items))
    evidence = Evidence(b"\x07" * 16, told)
    assert from_json(to_json(evidence)) == evidence


def _changed(change: Callable[[Any], object]) -> bytes:
    document = json.loads(to_json(_world().evidence()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("EVIDENCE_SHAPE", lambda d: d.update(v=2)),
        ("EVIDENCE_SHAPE", lambda d: d.update(v=True)),
        ("EVIDENCE_SHAPE", lambda d: d.update(more=1)),
        ("EVIDENCE_SHAPE", lambda d: d.pop("class")),
        ("HEX_FORM", lambda d: d.update({"class": "00"})),
        ("HEX_FORM", lambda d: d.update({"class": "AB" * 16})),
        ("EVIDENCE_SHAPE", lambda d: d["statements"][0].update(seq="1")),
        ("EVIDENCE_SHAPE", lambda d: d["statements"][0].update(seq=True)),
        ("EVIDENCE_SHAPE", lambda d: d["statements"][0].update(time_ms=-1)),
        ("EVIDENCE_SHAPE", lambda d: d["statements"][0].update(more=1)),
        ("EVIDENCE_SHAPE", lambda d: d["statements"][0].update(openings=["AA"] * 201)),
        ("BASE64URL", lambda d: d["statements"][0].update(statement="AA==")),
        ("BASE64URL", lambda d: d["statements"][0].update(statement="AB")),
        ("BASE64URL", lambda d: d["statements"][0].update(statement="+/+/")),
        ("BASE64URL", lambda d: d["statements"][0].update(openings=["A" * 9_000])),
        ("EVIDENCE_ORDER", lambda d: d["statements"].reverse()),
        ("EVIDENCE_ORDER", lambda d: d["statements"].append(d["statements"][-1])),
    ],
)
def test_a_document_of_another_form_is_refused(code: str, change: Callable[[Any], object]) -> None:
    assert code_of(lambda: from_json(_changed(change))) == code


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"v":1,"v":1}', b'{"v":1.0}', b"\xff\xfe", b"[" * 99_999]
)
def test_what_is_no_json_object_of_ours_is_refused(data: bytes) -> None:
    assert code_of(lambda: from_json(data)) == "JSON_FORM"


def test_roster_sheets_and_certificates_open(world: World) -> None:
    evidence = world.evidence()
    trainees = open_roster(the_roster(evidence))
    assert {one.candidate: one.fields["name"] for one in world.trainees} == {
        candidate: trainee.name for candidate, trainee in trainees.items()
    }
    for number, item in enumerate(the_sheets(evidence)):
        marks = open_sheet(item, STANDARD.components)
        assert marks == {one.candidate: one.marks[number] for one in world.trainees}
    opened = [open_certificate(item) for item in of_kind(evidence, "certificate-issued")]
    assert [(one.name, one.number) for one in opened] == [
        (one.holder.fields["name"], one.number) for one in world.certificates
    ]


def test_nothing_personal_is_in_a_repr(world: World) -> None:
    evidence = world.evidence()
    told = repr(open_roster(the_roster(evidence))) + repr(
        [open_certificate(item) for item in of_kind(evidence, "certificate-issued")]
    )
    for one in world.trainees:
        assert one.fields["name"] not in told and one.fields["id_number"] not in told


def _with_roster(evidence: Evidence, openings: tuple[bytes, ...]) -> EvidenceStatement:
    return replace(the_roster(evidence), openings=openings)


def test_a_changed_value_names_class_seq_entry_and_field_but_not_the_value(world: World) -> None:
    roster = the_roster(world.evidence())
    opening = decode_opening(roster.openings[2])
    forged = Opening(opening.record_key, {**opening.fields, "attended": 39})
    item = replace(roster, openings=(*roster.openings[:2], encode_opening(forged), *roster.openings[3:]))
    with pytest.raises(MalanError) as caught:
        open_roster(item)
    assert caught.value.code == "OPENING_MISMATCH"
    assert caught.value.where == f"class/{world.class_id.hex()}, seq {roster.seq}, entry 2, attended"
    assert "39" not in caught.value.what


def test_every_flipped_byte_of_an_opening_is_refused(world: World) -> None:
    roster = the_roster(world.evidence())
    good = roster.openings[0]
    open_roster(roster)
    for place in range(len(good)):
        bad = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        code_of(lambda bad=bad: open_roster(replace(roster, openings=(bad, *roster.openings[1:]))))  # type: ignore[misc]


@pytest.mark.parametrize("change", [lambda o: o[:-1], lambda o: (*o, o[0]), lambda o: ()])
def test_one_opening_too_few_or_too_many_is_refused(
    world: World, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
) -> None:
    evidence = world.evidence()
    item = _with_roster(evidence, change(the_roster(evidence).openings))
    assert code_of(lambda: open_roster(item)) == "OPENINGS_COUNT"


def test_openings_in_another_order_are_refused(world: World) -> None:
    evidence = world.evidence()
    item = _with_roster(evidence, the_roster(evidence).openings[::-1])
    assert code_of(lambda: open_roster(item)) == "OPENING_MISMATCH"


def test_a_sheet_is_no_roster(world: World) -> None:
    evidence = world.evidence()
    assert code_of(lambda: open_roster(the_sheets(evidence)[0])) == "EVIDENCE_KIND"
    assert code_of(lambda: open_certificate(the_roster(evidence))) == "EVIDENCE_KIND"


def test_the_result_recomputed_is_the_one_the_body_confirmed(world: World) -> None:
    results = recompute(world.evidence(), STANDARD)
    assert {one for one, result in results.items() if result.passed} == {
        one.candidate for one in world.trainees if one.passes
    }
    sheets = {n: {one.candidate: one.marks[n] for one in world.trainees} for n in (0, 1)}
    assert results == evaluate(STANDARD, sheets, {o.candidate: o.fields["attended"] for o in world.trainees})


def test_evidence_without_a_sheet_the_result_rests_on_is_refused(world: World) -> None:
    evidence = world.evidence()
    left_out = the_sheets(evidence)[1]
    kept = tuple(item for item in evidence.statements if item is not left_out)
    assert code_of(lambda: recompute(replace(evidence, statements=kept), STANDARD)) == "SHEETS_OTHER"


def test_a_sheet_of_another_roster_is_refused() -> None:
    world = World.founded().with_standard().with_class().with_results()
    evidence = world.evidence()
    said = world.said[the_sheets(evidence)[0].seq]
    body = {**said.body, "roster": b"\x01" * 32}
    raw = world.sign("sheet", "evaluator-1", said.subject, body)
    items = [
        replace(item, statement=raw) if world.said[item.seq] is said else item for item in evidence.statements
    ]
    assert code_of(lambda: the_sheets(replace(evidence, statements=tuple(items)))) == "SHEET_ROSTER"


def test_a_statement_about_another_class_is_refused(world: World) -> None:
    evidence = world.evidence()
    assert code_of(lambda: of_kind(replace(evidence, class_id=b"\x01" * 16), "roster")) == "EVIDENCE_CLASS"


def test_no_roster_and_two_rosters_are_refused(world: World) -> None:
    evidence = world.evidence()
    roster = the_roster(evidence)
    none = replace(evidence, statements=tuple(item for item in evidence.statements if item is not roster))
    assert code_of(lambda: the_roster(none)) == "ROSTER_MISSING"
    two = replace(evidence, statements=(roster, replace(roster, seq=roster.seq + 1)))
    assert code_of(lambda: the_roster(two)) == "ROSTER_TWICE"


def test_two_entries_for_one_person_or_one_candidate_are_refused() -> None:
    for field, code in (("candidate", "PERSON_TWICE"), ("id_number", "CANDIDATE_TWICE")):
        world = World.founded().with_standard().with_class()
        full = World.founded().with_standard().with_class().with_results()
        world.trainees = full.trainees
        first, second = (dict(one.fields) for one in world.trainees[:2])
        twin = {**first, field: second[field]}
        entries, openings = world.commit("roster", [first, twin])
        world.say("roster", "registrar", f"class/{world.class_id.hex()}", Roster(entries), openings=openings)
        item = the_roster(world.evidence())
        assert code_of(lambda item=item: open_roster(item)) == code  # type: ignore[misc]
