"""Issuing at the desk: everybody who passed gets one certificate, and nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from issuers.acts.words import CertificateKind
from issuers.authority.class_facts import CertificateFact
from issuers.evidence import Evidence
from issuers.identifiers.numbers import CertificateNumber, make_number
from issuers.sign.desk.issuing import issue
from issuers.sign.desk.receipts import DUE_MS, check_receipts
from ledger.errors import MalanError
from ledger.proof import parse_proof
from ledger.receipt import open_receipt
from ledger.statement import statement_hash
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.issuing import confirmed_class, need_sound, passed_of, run
from tests.world import World
from tests.world_parts import moment

FORM = CertificateNumber(
    kind=CertificateKind.QUALIFICATION,
    district="310104",
    year2=26,
    stage=3,
    project3=1,
    issuer3=7,
    sequence6=900,
)


@pytest.fixture
def fake() -> FakeService:
    return confirmed_class()


def test_everybody_who_passed_gets_a_certificate_with_folder_card_and_proof(
    fake: FakeService, tmp_path: Path
) -> None:
    report = run(fake, tmp_path, cards=True)
    assert not report.troubles and report.new == len(report.issued) == len(passed_of(fake)) == 5
    assert all(one.proved for one in report.issued)
    need_sound(fake, tmp_path)
    for one in report.issued:
        assert one.folder is not None
        assert (one.folder / "card.png").read_bytes().startswith(b"\x89PNG")


def test_running_it_again_issues_nothing_and_changes_no_file(fake: FakeService, tmp_path: Path) -> None:
    run(fake, tmp_path, cards=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("certificates/*/*")}
    size = len(fake.world.leaves)
    report = run(fake, tmp_path, cards=True)
    assert report.new == 0 and len(report.issued) == 5 and len(fake.world.leaves) == size
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("certificates/*/*")}


def test_a_day_that_ended_on_the_way_is_signed_anew_under_the_same_number(
    fake: FakeService, tmp_path: Path
) -> None:
    fake.world.now = moment(13, 23, 59)
    clock = iter([moment(13, 23, 59)] * 9)
    with desk_of(fake, "signatory", tmp_path) as desk:
        # The desk's clock is a few seconds behind for its first round: the service is past midnight already.
        late = replace(desk, clock=lambda: next(clock, fake.world.now))
        fake.world.now = moment(14, 0, 1)
        report = issue(late, fake.world.class_id, cards=False)
        refused = [item for item in desk.outbox.items(f"issue/{fake.world.class_id.hex()}") if item.answer]
    codes = [item.answer.code for item in refused if item.answer and item.answer.refused]
    assert codes and set(codes) == {"DATE_PASSED"}
    assert report.new == 5 and not report.troubles
    assert {fact.issued_on.day for fact in fake.world.view.all(CertificateFact)} == {14}
    assert {one.number for one in report.issued} == {one["number"] for one in fake.reserved.values()}
    need_sound(fake, tmp_path)


def test_a_clock_that_is_a_day_behind_ends_in_a_named_trouble_not_in_a_loop(
    fake: FakeService, tmp_path: Path
) -> None:
    with desk_of(fake, "signatory", tmp_path) as desk:
        behind = replace(desk, clock=lambda: fake.world.now - 20 * 3_600_000)
        report = issue(behind, fake.world.class_id, cards=False)
    assert [trouble.error.code for trouble in report.troubles] == ["DATE_PASSED"] * 5
    assert len(fake.sent) == 3 and not report.issued


def test_one_unprintable_name_is_named_and_the_others_are_issued(fake: FakeService, tmp_path: Path) -> None:
    # A character no font of ours has, on the roster and in the answer alike.
    world = World.founded().with_standard().with_class()
    changed = "\U000323b0"
    from tests import world_steps

    rows = [(changed, *row[1:]) if row[0] == "沈明" else row for row in world_steps.TRAINEES]
    world.trainees = [world_steps.trainee(world, *row) for row in rows]
    world_steps.say_roster(world)
    world.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        world_steps.say_sheet(world, name, number)
    world.say(
        "evaluation-confirmed", "signatory", f"class/{world.class_id.hex()}", world_steps.confirmation(world)
    )
    other = FakeService(world)
    with desk_of(other, "signatory", tmp_path) as desk:
        report = issue(desk, world.class_id, cards=False)
    (trouble,) = report.troubles
    assert trouble.error.code == "GLYPH_MISSING" and changed not in str(trouble.error)
    assert trouble.candidate.hex() in trouble.error.where and report.new == 4


LIES: dict[str, dict[str, Any]] = {
    "NAME_OTHER": {"沈明": {"name": "别人"}},
    "NUMBER_TWICE": {"沈明": {"status_index": 5000}, "欧阳娜娜": {"status_index": 5000}},
    "NUMBER_OTHER": {"沈明": {"number": make_number(replace(FORM, stage=1))}},
}


@pytest.mark.parametrize("code", LIES)
def test_what_the_roster_does_not_say_is_not_signed(fake: FakeService, tmp_path: Path, code: str) -> None:
    fake.change = LIES[code]
    report = run(fake, tmp_path)
    assert [trouble.error.code for trouble in report.troubles] == [code]
    assert report.new == 4


def test_somebody_who_did_not_pass_is_not_certified_whatever_the_service_says(
    fake: FakeService, tmp_path: Path
) -> None:
    failed = next(one for one in fake.world.trainees if not one.passes)
    fake.change = {"沈明": {"candidate": failed.candidate.hex(), "name": failed.fields["name"]}}
    report = run(fake, tmp_path)
    assert [trouble.error.code for trouble in report.troubles] == ["NOT_PASSED"]
    assert report.new == 4


def test_another_course_than_the_standards_is_not_signed(fake: FakeService, tmp_path: Path) -> None:
    fake.change = {"document": {"course": "别的课程"}}
    with pytest.raises(MalanError) as caught:
        run(fake, tmp_path)
    assert caught.value.code == "PREPARED_OTHER" and not fake.sent


def test_proofs_come_when_the_log_is_published(fake: FakeService, tmp_path: Path) -> None:
    fake.published = False
    asked: list[int] = []
    report = run(fake, tmp_path, wait=lambda missing: bool(asked.append(missing)))
    assert asked == [5] and not any(one.proved for one in report.issued)
    fake.published = True
    assert all(one.proved for one in run(fake, tmp_path).issued)
    need_sound(fake, tmp_path)


def test_a_log_that_shows_another_entry_than_promised_is_caught(fake: FakeService, tmp_path: Path) -> None:
    fake.published = False
    report = run(fake, tmp_path)
    fake.published = True
    with desk_of(fake, "signatory", tmp_path) as desk:
        assert not check_receipts(desk, ask_log=True).broken  # negative control
        first, second = report.issued[0].seq, report.issued[1].seq
        honest = fake.world.proof

        def crossed(seq: int, **options: Any) -> bytes:
            return honest({first: second, second: first}.get(seq, seq), **options)

        fake.world.proof = crossed  # type: ignore[method-assign]
        broken = check_receipts(desk, ask_log=True).broken
        assert {(seq, error.code) for seq, error in broken} == {
            (first, "PROOF_OTHER"),
            (second, "PROOF_OTHER"),
        }
        troubles = issue(desk, fake.world.class_id, cards=False).troubles
        assert [trouble.error.code for trouble in troubles] == ["PROOF_OTHER"] * 2


def test_what_contradicts_a_receipt_is_kept_and_convicts_alone(fake: FakeService, tmp_path: Path) -> None:
    fake.published = False
    report = run(fake, tmp_path)
    fake.published = True
    first, second = report.issued[0].seq, report.issued[1].seq
    with desk_of(fake, "signatory", tmp_path) as desk:
        assert check_receipts(desk, ask_log=True).kept == ()  # negative control
        honest = fake.world.proof
        fake.world.proof = lambda seq, **options: honest(  # type: ignore[method-assign]
            second if seq == first else seq, **options
        )
        kept = check_receipts(desk, ask_log=True).kept
        assert check_receipts(desk, ask_log=True).kept == kept, "once is enough"
    folder = Path(*kept)
    receipt = open_receipt((folder / "receipt.cose").read_bytes(), fake.world.service["receipt"].public)
    shown = parse_proof((folder / "log.tlog-proof").read_bytes())
    assert receipt.seq == first and shown.index == second
    assert (folder / "statement.cose").read_bytes() != b""
    told = json.loads((folder / "what.json").read_text())
    assert (told["code"], told["seq"], told["shown"]) == ("PROOF_OTHER", first, True)
    assert folder.stat().st_mode & 0o077 == 0


def test_an_entry_that_is_not_shown_within_a_day_is_overdue(fake: FakeService, tmp_path: Path) -> None:
    fake.published = False
    report = run(fake, tmp_path)
    with desk_of(fake, "signatory", tmp_path) as desk:
        promised = sorted(one.answer.time_ms for one in desk.outbox.logged() if one.answer)
        at_the_limit = replace(desk, clock=lambda: promised[0] + DUE_MS)
        assert check_receipts(at_the_limit, ask_log=True).broken == ()
        late = replace(desk, clock=lambda: promised[-1] + DUE_MS + 1)
        assert check_receipts(late, ask_log=False).broken == (), "nobody asked the log"
        found = check_receipts(late, ask_log=True)
    assert {error.code for _, error in found.broken} == {"RECEIPT_OVERDUE"}
    assert {seq for seq, _ in found.broken} >= {one.seq for one in report.issued}
    assert all(not (folder / "log.tlog-proof").exists() for folder in map(Path, found.kept))


def test_a_receipt_by_another_key_is_caught(fake: FakeService, tmp_path: Path) -> None:
    fake.world.service["receipt"] = fake.world.new_key("false receipts")
    report = run(fake, tmp_path)
    assert {trouble.error.code for trouble in report.troubles} == {"COSE_KEY"}


def test_one_batch_id_serves_every_run_of_a_class(fake: FakeService, tmp_path: Path) -> None:
    run(fake, tmp_path)
    run(fake, tmp_path)
    assert len(fake.batches) == 2 and len(set(fake.batches)) == 1


def test_a_qr_code_to_another_host_is_not_signed(fake: FakeService, tmp_path: Path) -> None:
    fake.change = {"document": {"host": "https://cert.malan.example.phish.example"}}
    with pytest.raises(MalanError) as caught:
        run(fake, tmp_path)
    assert caught.value.code == "HOST_OTHER" and not fake.sent


@pytest.mark.parametrize(("signer", "code"), [("nobody", "KEY_UNKNOWN"), ("rival-signatory", "PARTY_OTHER")])
def test_a_result_the_own_body_did_not_sign_is_not_certified(tmp_path: Path, signer: str, code: str) -> None:
    world = World.founded().with_rivals().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    world.people["nobody"] = world.person("nobody", "body-shenlan")
    fake = FakeService(world)
    honest = world.evidence()
    said = next(item for item in world.said if item.kind == "evaluation-confirmed")
    everybody = [one.candidate for one in world.trainees]
    raw = world.sign("evaluation-confirmed", signer, said.subject, {**said.body, "passed": everybody})

    def forged() -> Evidence:
        items = [
            replace(item, statement=raw) if item.statement == said.raw else item for item in honest.statements
        ]
        return replace(honest, statements=tuple(items))

    fake.evidence = forged  # type: ignore[method-assign]
    fake.change = {"document": {"evaluation": statement_hash(raw).hex()}}
    with pytest.raises(MalanError) as caught:
        run(fake, tmp_path)
    assert caught.value.code == code and not fake.sent
