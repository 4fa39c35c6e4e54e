"""Issuing cut off at every step: the next run goes on, and nobody gets two certificates."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import issuers.sign.desk.issuing as issuing_module
from issuers.sign.desk.issuing import issue
from issuers.sign.outbox import ItemState, Outbox
from ledger.errors import Unavailable
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.issuing import STATEMENTS, confirmed_class, need_sound, run
from tests.world_parts import moment


@pytest.fixture
def fake() -> FakeService:
    return confirmed_class()


class Stopped(BaseException):
    """The machine goes off."""


def test_a_crash_after_storing_and_before_sending_sends_the_stored_bytes(
    fake: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[bytes] = []

    def off(self: Any, items: Sequence[Any], **_: Any) -> list[Any]:
        stored.extend(item.parcel.statement for item in items)
        if stored:
            raise Stopped
        return []

    with monkeypatch.context() as patch:
        patch.setattr(issuing_module.Desk, "deliver", off)
        with pytest.raises(Stopped):
            run(fake, tmp_path)
    assert len(stored) == 5 and not fake.sent
    report = run(fake, tmp_path)
    assert {raw for call in fake.sent for raw in call} == set(stored)
    assert report.new == 5
    need_sound(fake, tmp_path)


@pytest.mark.parametrize("when", ["before", "after", "busy"])
def test_a_lost_question_or_answer_is_sent_again_in_the_same_run(
    fake: FakeService, tmp_path: Path, when: str
) -> None:
    fake.fail_next(STATEMENTS, when=when, times=2)
    report = run(fake, tmp_path)
    assert report.new == 5
    assert len({raw for call in fake.sent for raw in call}) == 5
    need_sound(fake, tmp_path)


@pytest.mark.parametrize("when", ["before", "after", "busy"])
def test_a_run_that_never_got_its_answer_goes_on_without_signing_anew(
    fake: FakeService, tmp_path: Path, when: str
) -> None:
    fake.fail_next(STATEMENTS, when=when, times=4)
    with pytest.raises(Unavailable):
        run(fake, tmp_path)
    with Outbox(tmp_path / "signatory" / "outbox.db") as outbox:
        waiting = [item.parcel.statement for item in outbox.waiting()]
    assert len(waiting) == 5
    run(fake, tmp_path)
    assert [item.raw for item in fake.world.said if item.kind == "certificate-issued"] == waiting
    need_sound(fake, tmp_path)


def test_a_crash_between_answer_and_record_asks_again(
    fake: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(self: Any, answers: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "record", off)
        with pytest.raises(Stopped):
            run(fake, tmp_path)
    size = len(fake.world.leaves)
    run(fake, tmp_path)
    assert len(fake.world.leaves) == size  # the log had them all
    need_sound(fake, tmp_path)


def test_a_crash_while_folders_are_written_is_mended_by_the_next_run(
    fake: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = issuing_module.write_folder, iter(range(10))

    def off(*args: Any, **options: Any) -> Any:
        if next(count) == 2:
            raise Stopped
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(issuing_module, "write_folder", off)
        with pytest.raises(Stopped):
            run(fake, tmp_path)
    report = run(fake, tmp_path)
    assert report.new == 0 and len(report.issued) == 5
    need_sound(fake, tmp_path)


def test_statements_of_yesterday_that_were_never_sent_are_signed_anew_today(
    fake: FakeService, tmp_path: Path
) -> None:
    fake.fail_next(STATEMENTS, when="before", times=4)
    with pytest.raises(Unavailable):
        run(fake, tmp_path)
    fake.world.now = moment(14, 9)
    report = run(fake, tmp_path)
    assert report.new == 5 and not report.troubles
    need_sound(fake, tmp_path)


def test_two_desks_of_one_home_do_not_sign_for_one_person_twice(fake: FakeService, tmp_path: Path) -> None:
    fake.fail_next(STATEMENTS, when="before", times=4)
    with desk_of(fake, "signatory", tmp_path) as first, desk_of(fake, "signatory", tmp_path) as second:
        with pytest.raises(Unavailable):
            issue(first, fake.world.class_id, cards=False)
        report = issue(second, fake.world.class_id, cards=False)
        assert report.new == 5
        assert all(
            item.state is ItemState.LOGGED
            for item in first.outbox.items(f"issue/{fake.world.class_id.hex()}")
        )
    need_sound(fake, tmp_path)


def test_the_check_of_soundness_sees_a_lost_folder_and_foreign_bytes(
    fake: FakeService, tmp_path: Path
) -> None:
    one, other = run(fake, tmp_path).issued[:2]
    assert one.folder is not None and other.folder is not None
    need_sound(fake, tmp_path)
    kept = (one.folder / "credential.cose").read_bytes()
    (one.folder / "credential.cose").write_bytes((other.folder / "credential.cose").read_bytes())
    with pytest.raises(AssertionError):
        need_sound(fake, tmp_path)
    (one.folder / "credential.cose").write_bytes(kept)
    need_sound(fake, tmp_path)
    shutil.rmtree(other.folder)
    with pytest.raises(AssertionError):
        need_sound(fake, tmp_path)


def test_a_statement_the_log_refuses_later_is_named_when_nobody_offers_it_again(
    fake: FakeService, tmp_path: Path
) -> None:
    fake.fail_next(STATEMENTS, when="before", times=4)
    with pytest.raises(Unavailable):
        run(fake, tmp_path)
    # Meanwhile another machine of the body issued them.
    with desk_of(fake, "signatory", tmp_path / "other") as desk:
        assert issue(desk, fake.world.class_id, cards=False).new == 5
    report = run(fake, tmp_path)
    assert report.new == 0
    assert {trouble.error.code for trouble in report.troubles} == {"NUMBER_USED"}
    assert len(report.troubles) == 5
