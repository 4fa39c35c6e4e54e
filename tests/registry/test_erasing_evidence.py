"""After an erasure the class is audited as before, as far as anything still opens; nothing is kept back."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from issuers.bundle import open_bundle
from issuers.carried import ACTS
from issuers.evidence import erased as erased_entries
from issuers.evidence import from_json, to_json
from issuers.evidence_document import Evidence
from issuers.sign.desk.trust import Trust, check_evidence
from issuers.sign.drafting import compute_outcome
from ledger.errors import Refused
from ledger.statement import parse_statement
from registry.fsck.run import check
from registry.persons.evidence import export_for_operator
from registry.storage.tables import candidate
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.erasing import erased, holder_of, places, result
from tests.registry.stage import Stage, know_staff
from tests.world_parts import STANDARD, moment
from tests.world_steps import TRAINEES, confirmation, say_roster, say_sheet, trainee
from verify.audit.report import AuditReport, State
from verify.audit.run import Asked, audit
from verify.source import DirectorySource


def shown(stage: Stage) -> Evidence:
    return from_json(export_for_operator(stage.service, stage.world.class_id))


def audited(stage: Stage, evidence: Evidence) -> AuditReport:
    asked = Asked(at_ms=stage.hands.now_ms, evidence=(to_json(evidence),))
    return audit(DirectorySource(stage.service.settings.log_directory), asked)


def found(report: AuditReport) -> set[str]:
    return {one.code for one in report.findings} - {"POLICY_UNPINNED", "QUORUM_MISSED", "FILES_LEFT_OVER"}


def emptied(evidence: Evidence, kind: str) -> Evidence:
    """The last opening of the acts of a kind kept back, as if its person had been erased."""
    return replace(
        evidence,
        statements=tuple(
            replace(one, openings=(*one.openings[:-1], b""))
            if parse_statement(one.statement).kind == kind
            else one
            for one in evidence.statements
        ),
    )


def test_an_audit_with_evidence_is_sound_and_says_how_much_is_gone(desk: Desk) -> None:
    stage = desk.stage
    before = audited(stage, shown(stage))
    assert before.state is State.SOUND, found(before)
    assert "ENTRIES_ERASED" not in found(before)
    named = places(stage, holder_of(desk))
    erased(stage, named)
    stage.publish()
    evidence = shown(stage)
    assert sum(len(erased_entries(one)) for one in evidence.statements) == len(named)
    after = audited(stage, evidence)
    assert after.state is State.SOUND, found(after)
    assert found(after) - found(before) == {"ENTRIES_ERASED"}


@on("sqlite")
@pytest.mark.parametrize("kind", ["roster", "sheet", "certificate-issued"])
def test_what_is_kept_back_without_an_order_is_named(desk: Desk, kind: str) -> None:
    """The control; also beside an order, which explains one trainee and not another."""
    stage = desk.stage
    erased(stage, places(stage, holder_of(desk)))
    stage.publish()
    whole = shown(stage)
    report = audited(stage, emptied(whole, kind))
    assert report.state is State.DEPARTURES
    assert "OPENING_WITHHELD" in found(report)
    if kind == "roster":
        assert "PASSED_UNDESERVED" in found(report) or "SHEET_OFF_ROSTER" in found(report)


@on("sqlite")
def test_a_signatory_needs_no_more_than_the_bundle_to_see_it(desk: Desk) -> None:
    """Orders travel in it, so `malan-sign confirm` knows who was erased and what is kept back."""
    stage = desk.stage
    erased(stage, places(stage, holder_of(desk)))
    stage.publish()
    bundle, view = open_bundle((stage.service.settings.home / ACTS.file).read_bytes(), ACTS)
    check_evidence(Trust(bundle, view), shown(stage))
    with pytest.raises(Refused, match="OPENING_WITHHELD"):
        check_evidence(Trust(bundle, view), emptied(shown(stage), "sheet"))


@on("sqlite")
def test_a_class_goes_on_without_who_was_erased_in_the_middle(stage: Stage) -> None:
    world = stage.world.with_class()
    world.trainees = [trainee(world, *row) for row in TRAINEES]
    say_roster(world)
    world.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        say_sheet(world, name, number)
    know_staff(stage.service, world)
    stage.tell()
    gone = next(one for one in world.trainees if one.passes)
    with stage.service.database.reading() as connection:
        query = sa.select(candidate.c.person).where(candidate.c.candidate == gone.candidate)
        person = connection.execute(query).scalar_one()
    erased(stage, places(stage, person))
    before, after = confirmation(world), [one for one in confirmation(world).passed if one != gone.candidate]
    subject = stage.class_subject
    told = stage.post(world.sign("evaluation-confirmed", "signatory", subject, before))
    assert told.json()["code"] == "RESULT_MISMATCH"
    confirmed = world.sign("evaluation-confirmed", "signatory", subject, replace(before, passed=tuple(after)))
    assert result(stage.post(confirmed))["status"] == "appended"
    stage.publish()
    report = audited(stage, shown(stage))
    assert report.state is State.SOUND, found(report)
    assert check(stage.service).departures == ()
    assert len(compute_outcome(shown(stage), STANDARD).results) == len(world.trainees) - 1
