"""Facts kept from one append to the next are the table's: what others append or a restore undoes is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.authority.party_facts import Key
from ledger.errors import MalanError, Refused
from ledger.store import read_head
from registry.service import Service, open_service
from registry.storage.facts import TableView
from registry.writing import appending, kept_facts
from registry.writing.item import Submission
from registry.writing.submit import Registered, submit
from tests.registry.faults import disk_full
from tests.registry.stage import Stage, dismissal
from tests.world_parts import BODY

ADMIN = f"admin-{BODY}"


@pytest.fixture
def other(stage: Stage) -> Iterator[Service]:
    """Another process on the same database, as far as what it keeps in memory goes."""
    service = open_service(stage.service.settings, clock=stage.service.clock)
    yield service
    service.close()


def said(service: Service, raw: bytes) -> Registered | MalanError:
    (answer,) = submit(service, [Submission(raw)])
    return answer


def revocation(stage: Stage) -> bytes:
    """The admin's own key is lost."""
    subject = f"key/{stage.world.people[ADMIN].signer.public.kid.hex()}"
    return stage.world.sign("key-revoked", ADMIN, subject, KeyRevoked(RevocationCause.LOST))


def kept_key(service: Service, stage: Stage) -> Key | None:
    """What is kept of the admin's key, without asking the table."""
    kept = service.kept._kept
    fact = None if kept is None else kept[1].get((Key, stage.world.people[ADMIN].signer.public.kid.hex()))
    assert fact is None or isinstance(fact, Key)
    return fact


def test_what_another_process_changed_is_seen(stage: Stage, other: Service) -> None:
    assert isinstance(said(stage.service, dismissal(stage, "evaluator-1")), Registered)
    assert kept_key(stage.service, stage) is not None, "or this test shows nothing"
    assert isinstance(said(other, revocation(stage)), Registered)
    late = said(stage.service, dismissal(stage, "evaluator-2"))
    assert isinstance(late, Refused) and late.code == "KEY_REVOKED"


def test_without_catching_up_it_would_not_be_seen(
    stage: Stage, other: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the test above fails when facts are kept and others' leaves are not looked at."""
    monkeypatch.setattr(kept_facts, "_caught_up", lambda *_: True)
    assert isinstance(said(stage.service, dismissal(stage, "evaluator-1")), Registered)
    assert isinstance(said(other, revocation(stage)), Registered)
    assert isinstance(said(stage.service, dismissal(stage, "evaluator-2")), Registered)


def test_too_far_behind_everything_is_read_anew(
    stage: Stage, other: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_facts, "_BEHIND_MAX", 0)
    said(stage.service, dismissal(stage, "evaluator-1"))
    said(other, revocation(stage))
    late = said(stage.service, dismissal(stage, "evaluator-2"))
    assert isinstance(late, Refused) and late.code == "KEY_REVOKED"


def test_what_failed_is_not_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said(stage.service, dismissal(stage, "evaluator-1"))
    full = disk_full(stage.service.database, "INSERT")

    def fail(*_: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(appending, "insert", fail)
        with pytest.raises(MalanError):
            said(stage.service, revocation(stage))
    assert kept_key(stage.service, stage) is None
    assert isinstance(said(stage.service, dismissal(stage, "evaluator-2")), Registered)


def test_a_log_that_is_not_the_one_left_is_read_anew(stage: Stage) -> None:
    """As after a restore under a running service: the place it left holds another leaf."""
    said(stage.service, dismissal(stage, "evaluator-1"))
    assert stage.service.kept._kept is not None
    left, known = stage.service.kept._kept
    with stage.service.database.reading() as connection:
        head = read_head(connection, stage.service.origin)
        assert head == left
        other_left = type(left)(left.size - 1, b"\0" * 32, left.time_ms)
        assert not kept_facts._caught_up(connection, other_left, known, head)
        assert not kept_facts._caught_up(connection, type(left)(left.size + 1, left.prev, 0), known, head)
        assert kept_facts._caught_up(connection, left, known, head)


def test_kept_facts_are_those_of_the_table(stage: Stage) -> None:
    for name in ("evaluator-1", "evaluator-2"):
        said(stage.service, dismissal(stage, name))
    assert stage.service.kept._kept is not None
    _, known = stage.service.kept._kept
    assert known
    with stage.service.database.reading() as connection:
        for (kind, key), fact in known.items():
            assert TableView(connection).get(kind, key) == fact
