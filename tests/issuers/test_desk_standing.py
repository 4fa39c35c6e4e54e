"""Certificates after their issue: found, suspended, restored, revoked; numbers voided."""

from __future__ import annotations

from pathlib import Path

import pytest

from issuers.authority.class_facts import CertificateFact, State
from issuers.credential import parse_credential
from issuers.sign.desk.issuing import issue
from issuers.sign.desk.standing import find_certificate, move_certificate, void_numbers
from ledger.errors import MalanError, Unavailable
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.issuing import STATEMENTS, confirmed_class, passed_of, run


@pytest.fixture
def fake() -> FakeService:
    return confirmed_class()


def test_a_certificate_is_found_by_id_number_code_and_qr_text(fake: FakeService, tmp_path: Path) -> None:
    report = run(fake, tmp_path)
    one = report.issued[3]
    assert one.folder is not None
    qr = (one.folder / "qr.txt").read_text()
    code = parse_credential((one.folder / "credential.cose").read_bytes()).claims.code
    with desk_of(fake, "signatory", tmp_path) as desk:
        for reference in (one.certificate.hex(), one.number, code, " ".join((code[:4], code[4:])), qr):
            assert find_certificate(desk, reference) == one.certificate
        for wrong, expected in (("C" + "0" * 22, "CERTIFICATE_NOT_HERE"), ("zzz", "CERTIFICATE_REFERENCE")):
            with pytest.raises(MalanError) as caught:
                find_certificate(desk, wrong)
            assert caught.value.code == expected


def test_suspend_restore_and_revoke_move_the_certificate(fake: FakeService, tmp_path: Path) -> None:
    certificate = run(fake, tmp_path).issued[0].certificate
    with desk_of(fake, "signatory", tmp_path) as desk:
        for move, reason, state in (
            ("suspend", "investigation", State.SUSPENDED),
            ("restore", "cleared", State.VALID),
            ("revoke", "fraud", State.REVOKED),
        ):
            move_certificate(desk, certificate, move=move, reason=reason)
            fact = fake.world.view.get(CertificateFact, certificate.hex())
            assert fact is not None and fact.state is state
        with pytest.raises(MalanError) as caught:
            move_certificate(desk, certificate, move="restore", reason="cleared")
        assert caught.value.code == "CERTIFICATE_STATE"


def test_a_reason_with_a_name_in_it_is_refused_before_it_is_signed(fake: FakeService, tmp_path: Path) -> None:
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        move_certificate(desk, b"\x01" * 16, move="revoke", reason="沈明 cheated")
    assert caught.value.code == "REASON_UNKNOWN" and "沈明" not in str(caught.value)
    assert not fake.sent


def test_a_voided_number_is_not_issued_and_an_issued_one_is_not_voided(
    fake: FakeService, tmp_path: Path
) -> None:
    first, second = (one.candidate for one in passed_of(fake)[:2])
    with desk_of(fake, "signatory", tmp_path) as desk:
        (voided,) = void_numbers(desk, fake.world.class_id, [first], "holder-declined")
        assert voided.error is None
        report = issue(desk, fake.world.class_id, cards=False)
        assert report.new == 4 and first not in {one.candidate for one in report.issued}
        (late,) = void_numbers(desk, fake.world.class_id, [second], "holder-declined")
        assert late.error is not None and late.error.code == "NUMBER_USED"
    assert sum(one.voided for one in passed_of(fake)) == 1


def test_a_certificate_on_its_way_blocks_voiding_its_number(fake: FakeService, tmp_path: Path) -> None:
    with desk_of(fake, "signatory", tmp_path) as desk:
        fake.fail_next(STATEMENTS, when="after", times=4)
        with pytest.raises(Unavailable):
            issue(desk, fake.world.class_id, cards=False)
        # Voiding first sends what waits, so the number turns out to be issued.
        done = void_numbers(desk, fake.world.class_id, [passed_of(fake)[0].candidate], "holder-declined")
    assert [one.error.code for one in done if one.error] == ["NUMBER_USED"]
    assert not any(one.voided for one in passed_of(fake))
