"""An audit goes by the witnesses the acts appoint, and at a change by the former ones once more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from issuers.authority.party_facts import WitnessSetFact
from issuers.witnesses import policy_of, with_log
from ledger.policy import parse_policy, render_policy
from tests.verify.logs import MemorySource, codes, files_of, look, names
from tests.verify.shown import bundle_with, issued_world
from tests.world import World
from tests.world_exports import log_signer
from tests.world_stages import say_witnesses
from verify.audit.findings import Severity


@pytest.fixture
def changed() -> World:
    """Three witnesses are to follow the sixteen; the newest checkpoint is the one that hands over."""
    world = issued_world()
    say_witnesses(world, count=3, quorum=2)
    world.now += 60_000
    return world


def new_policy(world: World) -> bytes:
    named = policy_of(world.view.all(WitnessSetFact)[-1])
    return render_policy(with_log(named, log_signer(world).key))


def handed_over(world: World, cosigned: int) -> bytes:
    note = world.checkpoint(cosigned=cosigned)
    return bundle_with(world, policy=new_policy(world).decode(), handovers=(note,), checkpoint=note)


def test_the_checkpoint_of_a_change_is_judged_by_the_former_witnesses(changed: World) -> None:
    note = changed.checkpoint(cosigned=11)
    source = MemorySource(files_of(changed.leaves, note), new_policy(changed))
    for asked in ({"trust": handed_over(changed, 11)}, {}):
        report = look(changed, source=source, policy=None, **asked)
        assert (report.exit_code, codes(report)) == (0, [])
        assert report.log is not None
        assert (len(report.log.cosignatures), report.log.witnesses, report.log.needed) == (11, 16, 11)
        assert "QUORUM_MISSED" not in codes(report, Severity.NOTE)


def test_a_bundle_whose_change_the_old_quorum_did_not_agree_to_is_named(changed: World) -> None:
    source = MemorySource(files_of(changed.leaves, changed.checkpoint(cosigned=3)), new_policy(changed))
    report = look(changed, source=source, policy=None, trust=handed_over(changed, 10))
    assert ("POLICY_NOT_APPOINTED", "trust, policy") in names(report)


def test_a_bundle_that_names_others_than_the_acts_is_named() -> None:
    world = issued_world()
    fewer = parse_policy(world.policy())
    group = replace(fewer.groups[0], threshold=10)
    text = render_policy(replace(fewer, groups=(group,))).decode()
    report = look(world, policy=None, trust=bundle_with(world, policy=text))
    assert ("POLICY_NOT_APPOINTED", "trust, policy") in names(report)
    assert "POLICY_NOT_APPOINTED" not in codes(look(world, policy=None, trust=world.bundle()))


def test_a_policy_beside_the_log_that_no_act_appoints_could_not_be_checked() -> None:
    world = issued_world()
    files = files_of(world.leaves, world.checkpoint())
    lie = world.policy().replace(b"districts 11", b"districts 9")
    report = look(world, source=MemorySource(files, lie), policy=None)
    assert report.exit_code == 2
    assert "POLICY_NOT_APPOINTED" in codes(report, Severity.COULD_NOT_CHECK)
    assert look(world, source=MemorySource(files, world.policy()), policy=None).exit_code == 0


def test_a_bundle_from_before_the_witnesses_accuses_nobody() -> None:
    """What it says of nobody witnessing is old, and the acts of the log say who does since."""
    report = look(issued_world(), policy=None, trust=World.founded().bundle())
    assert (report.exit_code, codes(report)) == (0, [])
    assert report.log is not None
    assert (report.log.witnesses, report.log.needed) == (16, 11)
