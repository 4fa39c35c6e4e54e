"""Corrected and reissued at the desk: once each, whatever is cut off; the service is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.authority.class_facts import CertificateFact, State
from issuers.credential import Credential, parse_credential
from issuers.printing.attached import read_attached
from issuers.sign.desk import Desk
from issuers.sign.desk.issuing import IssueReport, issue
from issuers.sign.desk.papers import Papers
from issuers.sign.desk.prints import print_class
from issuers.sign.desk.standing import find_certificate, move_certificate
from issuers.sign.desk.versions import VersionReport, Wanted, renew
from issuers.sign.stock import Event, Move
from issuers.sign.stock import State as SheetState
from issuers.sign.stock_book import StockBook
from ledger.errors import MalanError, Refused, Unavailable
from ledger.proof import parse_proof
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.issuing import STATEMENTS, confirmed_class, run

LOST = Wanted(ReissueReason.LOST)
PREPARE = "/api/certificates/prepare"
DAY = 86_400_000


@pytest.fixture
def fake() -> FakeService:
    return confirmed_class()


@pytest.fixture
def desk(fake: FakeService, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(fake, "signatory", tmp_path) as desk:
        yield desk


@pytest.fixture
def issued(fake: FakeService, desk: Desk) -> IssueReport:
    report = issue(desk, fake.world.class_id, cards=False)
    fake.world.now += DAY
    return report


def again(desk: Desk, report: IssueReport, wanted: Wanted = LOST, **options: Any) -> VersionReport:
    return renew(desk, report.issued[0].certificate, wanted, **{"cards": False, **options})


def fact_of(fake: FakeService, report: IssueReport) -> CertificateFact:
    fact = fake.world.view.get(CertificateFact, report.issued[0].certificate.hex())
    assert fact is not None
    return fact


def claims_in(folder: Path) -> Credential:
    return parse_credential((folder / "credential.cose").read_bytes()).claims


def versions_said(fake: FakeService) -> int:
    return sum(one.kind in ("certificate-corrected", "certificate-reissued") for one in fake.world.said)


def code_of(call: Any) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_a_reissue_has_a_folder_of_its_own_and_the_first_stays(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    first = issued.issued[0]
    assert first.folder is not None
    before = {one.name: one.read_bytes() for one in first.folder.iterdir()}
    report = again(desk, issued)
    assert (report.version, report.new, report.proved, report.trouble) == (2, True, True, None)
    assert report.folder.name == f"{first.number}-v2"
    was, now = claims_in(first.folder), claims_in(report.folder)
    assert (now.number, now.name, now.last_four, now.version) == (was.number, was.name, was.last_four, 2)
    assert now.code != was.code
    fact = fact_of(fake, issued)
    assert (now.first_issued_on, fact.version) == (fact.issued_on, 2)
    assert fact.renewed is not None
    assert fact.renewed.on == fact.issued_on + timedelta(days=1)
    proof = parse_proof((report.folder / "certificate.tlog-proof").read_bytes())
    assert proof.extra == fake.world.leaves[report.seq]
    assert {one.name: one.read_bytes() for one in first.folder.iterdir()} == before


def test_a_correction_says_the_right_name_or_prints_no_id(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    told = []
    wanted = Wanted(CorrectionReason.NAME, " 沈铭 ")
    report = again(desk, issued, wanted, agree=lambda name, version: told.append((name, version)))
    assert (claims_in(report.folder).name, told) == ("沈铭", [("沈铭", 2)])
    hidden = again(desk, issued, Wanted(CorrectionReason.LAYOUT, prints_id=False))
    assert (hidden.version, claims_in(hidden.folder).last_four, claims_in(hidden.folder).name) == (
        3,
        None,
        "沈铭",
    )
    assert fact_of(fake, issued).reason == "layout-changed"
    same = Wanted(CorrectionReason.NAME, "沈铭")
    assert code_of(lambda: again(desk, issued, same)) == "VERSION_SAME"
    bad = Wanted(CorrectionReason.NAME, "沈\u202e铭")
    assert code_of(lambda: again(desk, issued, bad)).startswith("NAME_")


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_cut_off_goes_on_and_makes_no_further_version(
    fake: FakeService, tmp_path: Path, when: str
) -> None:
    report = run(fake, tmp_path)
    fake.fail_next(STATEMENTS, when=when, times=4)
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(Unavailable):
        again(desk, report)
    with desk_of(fake, "signatory", tmp_path) as desk:
        done = again(desk, report)
    assert (done.version, done.new, versions_said(fake)) == (2, True, 1)


def test_a_version_without_its_proof_is_finished_before_another_is_made(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    fake.published = False
    assert again(desk, issued).proved is False
    fake.published = True
    done = again(desk, issued)
    assert (done.version, done.new, done.proved, versions_said(fake)) == (2, False, True, 1)
    assert again(desk, issued).version == 3


def test_a_version_that_is_named_is_made_once(fake: FakeService, desk: Desk, issued: IssueReport) -> None:
    assert again(desk, issued, version=2).new
    assert not again(desk, issued, version=2).new
    assert versions_said(fake) == 1
    assert code_of(lambda: again(desk, issued, version=4)) == "VERSION_OTHER"


def test_a_day_that_ended_on_the_way_is_signed_anew(
    fake: FakeService, desk: Desk, issued: IssueReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = fake._register
    passed = []

    def late(item: dict[str, Any]) -> dict[str, Any]:
        if not passed:
            fake.world.now += DAY
            passed.append(item)
        return register(item)

    monkeypatch.setattr(fake, "_register", late)
    report = again(desk, issued)
    assert (report.version, versions_said(fake)) == (2, 1)
    assert fact_of(fake, issued).renewed is not None


def test_who_does_not_agree_signs_nothing(fake: FakeService, desk: Desk, issued: IssueReport) -> None:
    def no(_: str, __: int) -> None:
        raise Refused("NOT_AGREED", "no")

    sent = len(fake.sent)
    assert code_of(lambda: again(desk, issued, agree=no)) == "NOT_AGREED"
    assert len(fake.sent) == sent


@pytest.mark.parametrize(
    ("part", "lie", "code"),
    [
        ("version-item", {"name": "冒名者"}, "PREPARED_OTHER"),
        ("version-item", {"certificate": "ab" * 16}, "PREPARED_OTHER"),
        ("version-item", {"number": "C31010426300100700009"}, "ANSWER_SHAPE"),
        ("version", {"issued_on": "2026-03-14"}, "PREPARED_OTHER"),
        ("version", {"version": 3}, "PREPARED_OTHER"),
        ("document", {"host": "https://cert.lookalike.example"}, "HOST_OTHER"),
        ("document", {"hours": 99}, "PREPARED_OTHER"),
    ],
)
def test_what_the_service_proposes_is_held_against_what_is_known(
    fake: FakeService, desk: Desk, issued: IssueReport, part: str, lie: dict[str, Any], code: str
) -> None:
    fake.change[part] = lie
    assert code_of(lambda: again(desk, issued)) == code
    assert versions_said(fake) == 0


def test_a_home_that_did_not_issue_it_holds_the_name_against_the_roster(
    fake: FakeService, desk: Desk, issued: IssueReport, tmp_path: Path
) -> None:
    with desk_of(fake, "signatory", tmp_path / "elsewhere") as other:
        fake.change["version-item"] = {"name": "冒名者"}
        assert code_of(lambda: again(other, issued)) == "NAME_OTHER"
        fake.change.clear()
        assert again(other, issued).version == 2


def test_a_version_is_found_by_its_code_and_cancelled(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    report = again(desk, issued)
    certificate = find_certificate(desk, claims_in(report.folder).code)
    assert certificate == issued.issued[0].certificate
    move_certificate(desk, certificate, move="cancel", reason="duplicate")
    assert fact_of(fake, issued).state is State.CANCELLED
    assert code_of(lambda: again(desk, issued)) == "CERTIFICATE_STATE"


def test_the_pdf_of_a_version_has_its_own_credential_and_proof(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    report = again(desk, issued, papers=Papers())
    assert report.pdf
    found = read_attached((report.folder / "certificate.pdf").read_bytes())
    assert found.credential == (report.folder / "credential.cose").read_bytes()
    assert found.proof == (report.folder / "certificate.tlog-proof").read_bytes()


def test_a_new_version_gets_a_new_sheet_once_the_old_one_is_accounted_for(
    fake: FakeService, desk: Desk, issued: IssueReport
) -> None:
    with StockBook(desk.home.stock) as book:

        def enter(move: Move, serials: str, **told: Any) -> None:
            with book.writing() as writer:
                writer.add(Event(move, fake.world.now, (serials,), **told))

        def printed(*, remake: bool = False) -> Any:
            options = {"english": False, "remake": remake, "now_ms": fake.world.now}
            return print_class(desk.home, desk.outbox, book, fake.world.class_id, **options)

        enter(Move.RECEIVED, "SH00000001-SH00000009")
        (first,) = printed().files
        original, sheet = first.read_bytes(), book.stock().standing[issued.issued[0].number]
        enter(Move.DELIVERED, sheet)
        again(desk, issued)
        assert printed().serials == ()
        enter(Move.LOST, sheet, reason="lost")
        second = printed()
        (serial,) = second.serials
        stock = book.stock()
        assert stock.standing[issued.issued[0].number] == serial != sheet
        assert stock.sheets[sheet].state is SheetState.LOST
        assert stock.prints[-1].versions == (2,)
        first.unlink()
        remade = printed(remake=True)
        assert first.read_bytes() == original, "an earlier print is made again as it was"
        assert len(remade.files) == 2
