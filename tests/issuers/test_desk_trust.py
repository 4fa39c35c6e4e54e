"""What a desk believes of the service: one genesis, never an older log, and no act taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from issuers.acts.parties import KeyRevoked, OfficerDismissed
from issuers.acts.words import RevocationCause
from issuers.bundle import open_bundle
from issuers.carried import ACTS
from issuers.sign.desk.classes import review_class
from ledger.errors import MalanError
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.world import World


@pytest.fixture
def fake() -> FakeService:
    return FakeService(World.founded().with_standard().with_class().with_results())


def test_another_genesis_than_the_pinned_one_ends_everything(fake: FakeService, tmp_path: Path) -> None:
    with desk_of(fake, "signatory", tmp_path) as desk:
        review_class(desk, fake.world.class_id)
    other = World.founded().with_standard()
    (tmp_path / "signatory" / "pins.json").write_text('{"genesis": "' + "ab" * 32 + '", "size": 1}')
    assert other.said[0].hash == fake.world.said[0].hash  # the world is the same: only the pin differs
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        review_class(desk, fake.world.class_id)
    assert caught.value.code == "GENESIS_OTHER"


def test_a_bundle_older_than_the_last_one_is_refused(fake: FakeService, tmp_path: Path) -> None:
    with desk_of(fake, "signatory", tmp_path) as desk:
        review_class(desk, fake.world.class_id)
        size = len(fake.world.leaves)
    pinned = f'{{"genesis": "{fake.world.said[0].hash.hex()}", "size": {size + 1}}}'
    (tmp_path / "signatory" / "pins.json").write_text(pinned)
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        review_class(desk, fake.world.class_id)
    assert caught.value.code == "BUNDLE_OLD"


def test_a_revocation_that_was_shown_before_is_not_taken_back(
    fake: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service makes the bundle of the desks alone, and signs it as it likes."""
    world = fake.world
    kid = world.people["instructor-1"].signer.public.kid
    world.say_two("key-revoked", f"key/{kid.hex()}", KeyRevoked(RevocationCause.LOST))
    size = len(world.leaves)
    with desk_of(fake, "signatory", tmp_path) as desk:
        review_class(desk, world.class_id)
        standards = world.people["standards"].staff.hex()
        world.say("officer-dismissed", "city-admin", f"officer/{standards}", OfficerDismissed("left"))
        honest = world.bundle(ACTS)
        acts = open_bundle(honest, ACTS)[0].acts
        assert acts[-1].seq == size
        short = world.bundle(ACTS, acts=(*(one for one in acts if one.seq < size - 2), acts[-1]))
        monkeypatch.setattr(world, "bundle", lambda form: short)
        with pytest.raises(MalanError) as caught:
            review_class(desk, world.class_id)
        assert caught.value.code == "BUNDLE_ACTS_OTHER"
        monkeypatch.setattr(world, "bundle", lambda form: honest)  # the control
        review_class(desk, world.class_id)
