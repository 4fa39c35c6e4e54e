"""The evidence of a class against the log: every altered score, hour, name, number or result is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.words import CertificateKind
from issuers.evidence import Evidence, EvidenceStatement, to_json
from issuers.identifiers.numbers import CertificateNumber, make_number
from ledger.cbor import Value
from ledger.commitment import Opening, decode_opening, encode_opening
from ledger.statement import parse_statement
from tests.verify.logs import codes, forge, look, names, said_in, whole_world
from tests.world import World
from tests.world_parts import moment
from tests.world_steps import class_subject, confirmation, issue, say_roster, say_sheet
from verify.audit import evidence as audited
from verify.audit.findings import Severity
from verify.audit.report import AuditReport


@pytest.fixture
def world() -> World:
    return whole_world()


def with_evidence(world: World, *shown: Evidence) -> AuditReport:
    return look(world, evidence=tuple(to_json(one) for one in shown))


def changed(
    shown: Evidence, kind: str, change: Callable[[EvidenceStatement], EvidenceStatement | None], nth: int = 0
) -> Evidence:
    """The evidence with one statement of a kind changed, or left out."""
    found = [item for item in shown.statements if parse_statement(item.statement).kind == kind][nth]
    kept = (change(item) if item is found else item for item in shown.statements)
    return replace(shown, statements=tuple(item for item in kept if item is not None))


def reopened(entry: int, **fields: Value) -> Callable[[EvidenceStatement], EvidenceStatement]:
    """One opening shows other values; its record key stays."""

    def change(item: EvidenceStatement) -> EvidenceStatement:
        openings = list(item.openings)
        opening = decode_opening(openings[entry])
        openings[entry] = encode_opening(Opening(opening.record_key, {**opening.fields, **fields}))
        return replace(item, openings=tuple(openings))

    return change


def unopened(item: EvidenceStatement) -> EvidenceStatement:
    return replace(item, openings=())


def seq_of(world: World, kind: str, nth: int = 0) -> int:
    return [seq for seq, one in enumerate(world.said) if one.kind == kind][nth]


def test_honest_evidence_opens_and_recomputes_to_the_confirmed_result(world: World) -> None:
    report = with_evidence(world, world.evidence())
    assert (report.exit_code, names(report)) == (0, [])
    assert {one.id: one.state.value for one in report.checks}["evidence"] == "sound"


@pytest.mark.parametrize(
    ("kind", "entry", "fields", "field"),
    [
        ("sheet", 2, {"plan": 999}, "plan"),
        ("roster", 3, {"attended": 7}, "attended"),
        ("roster", 0, {"name": "某某"}, "name"),
        ("certificate-issued", 0, {"number": "C3101042630010070000098"}, "number"),
    ],
)
def test_an_altered_opening_is_named_with_its_entry_and_field(
    world: World, kind: str, entry: int, fields: dict[str, Value], field: str
) -> None:
    shown = changed(world.evidence(), kind, reopened(entry, **fields))
    found = [one for one in names(with_evidence(world, shown)) if one[0] == "OPENING_MISMATCH"]
    assert len(found) == 1
    assert f"seq {seq_of(world, kind)}, entry {entry}, {field}" in found[0][1]


def test_without_the_opening_check_an_altered_score_passes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = changed(world.evidence(), "sheet", reopened(2, plan=999))  # negative control
    assert codes(with_evidence(world, shown)) == ["OPENING_MISMATCH"]
    monkeypatch.setattr("issuers.evidence.check_opening", lambda *_: None)
    assert codes(with_evidence(world, shown)) == []


def rescored(**changed: Any) -> World:
    """A class whose confirmation is not what its sheets give; every signature is in order."""
    world = World.founded().with_rivals().with_standard().with_class().with_results()
    world = forge(world, said_in(world)[:-1])
    act = replace(confirmation(world), **changed)
    raw = world.sign("evaluation-confirmed", "signatory", class_subject(world), act, at=moment(12, 16))
    forged = forge(world, [*said_in(world), (moment(12, 16), raw)])
    forged.now = moment(12, 17)
    return forged


def test_one_passed_without_merit_is_named_by_its_random_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice's own worry: altered scores. The body signs a result that its sheets do not give."""
    world = rescored(passed=tuple(one.candidate for one in rescored().trainees))
    failed = next(one for one in world.trainees if not one.passes)
    report = with_evidence(world, world.evidence())
    place = f"seq {len(world.leaves) - 1}, candidate {failed.candidate.hex()}"
    assert names(report) == [("PASSED_UNDESERVED", place)]
    assert "COMPONENT_BELOW_PASS" in report.of(Severity.DEPARTURE)[0].en
    assert look(world).exit_code == 0  # without the evidence nobody can know
    monkeypatch.setattr(audited.EvidenceCheck, "_result", lambda *_: None)  # negative control
    assert names(with_evidence(world, world.evidence())) == []


def test_one_who_passed_and_is_left_out_is_named() -> None:
    first = rescored()
    passing = [one.candidate for one in first.trainees if one.passes]
    world = rescored(passed=tuple(passing[1:]))
    report = with_evidence(world, world.evidence())
    place = f"seq {len(world.leaves) - 1}, candidate {passing[0].hex()}"
    assert names(report) == [("PASSED_OMITTED", place)]


def test_a_stranger_among_the_passed_is_named() -> None:
    first = rescored()
    passing = tuple(one.candidate for one in first.trainees if one.passes)
    stranger = b"\7" * 16
    world = rescored(passed=(*passing[1:], stranger))
    found = names(with_evidence(world, world.evidence()))
    assert ("PASSED_UNDESERVED", f"seq {len(world.leaves) - 1}, candidate {stranger.hex()}") in found


def test_a_sheet_that_scores_somebody_off_the_roster_is_named() -> None:
    world = World.founded().with_standard().with_class()
    donor = World.founded().with_standard().with_class().with_results()
    world.trainees = donor.trainees[:-1]
    say_roster(world)
    world.trainees = donor.trainees[1:]
    world.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        say_sheet(world, name, number)
    world.trainees = donor.trainees[:-1]
    passed = tuple(one.candidate for one in donor.trainees[1:-1] if one.passes)
    act = replace(confirmation(world), passed=passed)
    world.say("evaluation-confirmed", "signatory", class_subject(world), act, at=moment(12, 16))
    found = names(with_evidence(world, world.evidence()))
    stranger = donor.trainees[-1].candidate.hex()
    assert ("SHEET_OFF_ROSTER", f"seq {seq_of(world, 'sheet')}, candidate {stranger}") in found


def test_a_statement_that_is_not_the_logs_is_named(world: World) -> None:
    shown = changed(world.evidence(), "roster", lambda item: replace(item, time_ms=item.time_ms + 1))
    assert ("EVIDENCE_NOT_LOGGED", f"evidence, seq {seq_of(world, 'roster')}") in names(
        with_evidence(world, shown)
    )


def test_a_statement_beyond_the_log_is_named(world: World) -> None:
    shown = world.evidence()
    last = replace(shown.statements[-1], seq=5_000)
    found = names(with_evidence(world, replace(shown, statements=(*shown.statements[:-1], last))))
    assert ("EVIDENCE_NOT_LOGGED", "evidence, seq 5000") in found


@pytest.mark.parametrize("kind", ["sheet", "certificate-issued", "evaluation-confirmed"])
def test_an_act_of_the_class_kept_out_of_the_evidence_is_not_passed_over(world: World, kind: str) -> None:
    shown = changed(world.evidence(), kind, lambda _: None)
    report = with_evidence(world, shown)
    assert report.exit_code != 0
    assert ("EVIDENCE_LEFT_OUT", f"seq {seq_of(world, kind)}, {kind}") in names(
        report, Severity.COULD_NOT_CHECK
    )


def test_a_sheet_kept_out_does_not_fit_the_confirmed_result(world: World) -> None:
    shown = changed(world.evidence(), "sheet", lambda _: None, 1)
    assert "SHEETS_OTHER" in codes(with_evidence(world, shown))


@pytest.mark.parametrize("kind", ["roster", "sheet", "certificate-issued"])
def test_what_is_not_opened_could_not_be_checked(world: World, kind: str) -> None:
    report = with_evidence(world, changed(world.evidence(), kind, unopened))
    assert report.exit_code == 2
    assert "EVIDENCE_NOT_SHOWN" in codes(report, Severity.COULD_NOT_CHECK)


def issued_with(**changed_opening: str) -> World:
    """A world whose last certificate commits to another name or number than it should."""
    world = World.founded().with_rivals().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    passing = [one for one in world.trainees if one.passes]
    for holder in passing[:-1]:
        issue(world, holder)
    last = passing[-1]
    fields = {"name": last.fields["name"], "number": world.certificates[0].number, **changed_opening}
    entries, openings = world.commit("certificate-issued", [fields])
    real = world.commit

    def commit(kind: str, people: Sequence[Any]) -> Any:
        return (entries, openings) if kind == "certificate-issued" else real(kind, people)

    world.commit = commit  # type: ignore[method-assign]
    issue(world, last)
    del world.commit  # type: ignore[attr-defined]
    return world


def test_a_number_used_twice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = issued_with()
    last = len(world.leaves) - 1
    assert names(with_evidence(world, world.evidence())) == [("NUMBER_REPEATED", f"seq {last}")]
    monkeypatch.setattr(audited.NumberBook, "use", lambda *_: None)  # negative control
    assert names(with_evidence(world, world.evidence())) == []


def test_a_name_other_than_the_rosters_is_named_by_the_candidates_id() -> None:
    world = issued_with(name="某某", number="C310104263001007000099L")
    found = names(with_evidence(world, world.evidence()))
    candidate = world.certificates[-1].holder.candidate.hex()
    assert ("CERTIFICATE_NAME_OTHER", f"seq {len(world.leaves) - 1}, candidate {candidate}") in found


def number(**changed_part: Any) -> str:
    parts: dict[str, Any] = {
        "kind": CertificateKind.QUALIFICATION,
        "district": "310104",
        "year2": 26,
        "stage": 3,
        "project3": 1,
        "issuer3": 7,
        "sequence6": 99,
    }
    return make_number(CertificateNumber(**{**parts, **changed_part}))


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        (number(issuer3=8), "NUMBER_FIELD", "issuer"),
        (number(district="310101"), "NUMBER_FIELD", "district"),
        (number(year2=25), "NUMBER_FIELD", "year"),
        (number(stage=2), "NUMBER_FIELD", "stage"),
        (number(project3=2), "NUMBER_FIELD", "project"),
        (number()[:-1] + "?", "NUMBER_FORM", ""),
        (number()[:-2] + "00", "NUMBER_CHECK", ""),
    ],
)
def test_a_number_that_is_not_the_classs_is_named_without_showing_it(text: str, code: str, part: str) -> None:
    world = issued_with(number=text)
    report = with_evidence(world, world.evidence())
    place = f"seq {len(world.leaves) - 1}"
    assert names(report) == [(code, f"{place}, {part}" if part else place)]
    assert text not in json.dumps(report.document())


def test_numbers_of_the_class_pass() -> None:
    world = issued_with(number=number())
    assert names(with_evidence(world, world.evidence())) == []


def test_no_finding_about_evidence_shows_a_person(world: World) -> None:
    shown = changed(world.evidence(), "roster", reopened(0, name="某某"))
    shown = changed(shown, "sheet", reopened(1, plan=999))
    text = json.dumps(with_evidence(world, shown).document(), ensure_ascii=False)
    for one in world.trainees:
        for secret in (one.fields["name"], one.fields["id_number"], one.fields["organisation"]):
            assert secret not in text
    for certificate in world.certificates:
        assert certificate.number not in text


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"v":1}', b"\xff", b"[" * 5_000])
def test_a_file_that_is_no_evidence_is_a_doubt(world: World, raw: bytes) -> None:
    report = look(world, evidence=(raw,))
    assert report.exit_code == 2
    assert codes(report, Severity.COULD_NOT_CHECK) == ["EVIDENCE_UNREADABLE"]


def test_evidence_of_a_class_the_log_does_not_know_is_a_doubt(world: World) -> None:
    report = with_evidence(world, Evidence(b"\7" * 16, ()))
    assert codes(report, Severity.COULD_NOT_CHECK) == ["EVIDENCE_CLASS_UNKNOWN"]


def test_evidence_that_mixes_classes_is_named(world: World) -> None:
    shown = replace(world.evidence(), class_id=b"\7" * 16)
    assert with_evidence(world, shown).exit_code != 0


def test_evidence_given_twice_counts_each_number_once(world: World) -> None:
    assert names(with_evidence(world, world.evidence(), world.evidence())) == []
