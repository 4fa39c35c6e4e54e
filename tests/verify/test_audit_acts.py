"""The signers' bundle against the log, and which acts belong in which bundle."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.bundle import open_bundle
from issuers.carried import ACTS, FORMS, TRUST, Form
from ledger.errors import Malformed
from ledger.statement import parse_statement
from tests.verify.logs import forge, look, names, said_in, whole_world
from tests.world import World
from tests.world_parts import BODY
from verify.audit import status
from verify.audit.findings import Severity
from verify.audit.report import CheckState


@pytest.fixture
def world() -> World:
    return whole_world()


def own(world: World) -> set[int]:
    """Places of the acts of trust.cbor."""
    return {one.seq for one in open_bundle(world.bundle())[0].acts}


def of_desks(world: World, **changed: Any) -> bytes:
    return world.bundle(ACTS, **changed)


def test_an_honest_bundle_of_the_desks_agrees_with_the_log(world: World) -> None:
    report = look(world, trust=world.bundle(), acts=of_desks(world))
    assert (report.exit_code, names(report)) == (0, [])
    asked = {one.id: one.state for one in report.checks}
    assert (asked["trust"], asked["acts"]) == (CheckState.SOUND, CheckState.SOUND)
    alone = look(world, acts=of_desks(world))
    assert alone.log is not None
    assert (alone.exit_code, alone.log.pinned) == (0, True)
    assert {one.id: one.state for one in alone.checks}["trust"] is CheckState.NOT_ASKED


def test_an_institutions_key_kept_out_of_the_desks_bundle_is_named(world: World) -> None:
    """Its people stand in no trust bundle; a desk would believe a roster by a key that was stopped."""
    kid = world.people["registrar"].signer.public.kid
    world.say_two("key-revoked", f"key/{kid.hex()}", KeyRevoked(RevocationCause.LOST))
    seq = len(world.leaves) - 2
    acts = open_bundle(of_desks(world), ACTS)[0].acts
    assert {one.seq for one in acts} - own(world) >= {seq, seq + 1}
    short = of_desks(world, acts=tuple(one for one in acts if one.seq < seq))
    assert names(look(world, trust=world.bundle(), acts=short)) == [
        ("TRUST_ACT_MISSING", f"acts, seq {seq}, key-revoked"),
        ("TRUST_ACT_MISSING", f"acts, seq {seq + 1}, approve"),
    ]


def test_the_people_of_an_institution_in_a_trust_bundle_are_named(world: World) -> None:
    everybody = open_bundle(of_desks(world), ACTS)[0].acts
    gone = {one.seq for one in everybody if parse_statement(one.statement).kind not in TRUST.kinds}
    kinds = [one for one in everybody if not {one.seq, one.seq - 1} & gone]  # without their approvals
    found = names(look(world, trust=world.bundle(acts=tuple(kinds))))
    places = sorted({one.seq for one in kinds} - own(world))
    assert found == [("TRUST_ACT_INVENTED", f"trust, seq {seq}") for seq in places]
    assert found


def unread_admission(world: World) -> tuple[World, int]:
    """A log whose admission of the body is of a version nobody here knows: who its people are is open."""
    seq = next(n for n, one in enumerate(world.said) if one.subject == f"party/{BODY}")
    told, raw = world.said[seq], said_in(world)
    raw[seq] = (
        raw[seq][0],
        world.sign("party-admitted", "root-1", told.subject, told.body, at=raw[seq][0], version=2),
    )
    return forge(world, raw), seq


def test_after_a_gap_nobody_is_called_invented(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    log, seq = unread_admission(world)
    given = {"trust": world.bundle(), "acts": of_desks(world)}

    def invented() -> set[str]:
        found = names(look(log, **given))
        assert any(where.startswith(f"trust, seq {seq}") for _, where in found)
        return {where for code, where in found if code == "TRUST_ACT_INVENTED"}

    assert invented() == set()
    take = status.StatusCheck.take

    def sure(self: status.StatusCheck, *told: Any, gap: bool) -> None:
        take(self, *told, gap=False)

    monkeypatch.setattr(status.StatusCheck, "take", sure)  # negative control
    assert f"trust, seq {seq + 2}" in invented()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_a_revocation_kept_out_is_named_after_a_gap_too(world: World, form: Form) -> None:
    """The log shows no longer whose key it is; the bundle does, which believes it."""
    kid = world.people["evaluator-3"].signer.public.kid
    world.say_two("key-revoked", f"key/{kid.hex()}", KeyRevoked(RevocationCause.LOST))
    seq, name = len(world.leaves) - 2, form.file.removesuffix(".cbor")
    acts = open_bundle(world.bundle(form), form)[0].acts
    short = world.bundle(form, acts=tuple(one for one in acts if one.seq < seq))
    log, _ = unread_admission(world)
    missing = ("TRUST_ACT_MISSING", f"{name}, seq {seq}, key-revoked")
    assert missing in names(look(log, **{name: short}))
    assert missing not in names(look(log, **{name: world.bundle(form)}))  # the control


def test_what_nobody_can_tell_after_a_gap_is_not_passed_over(world: World) -> None:
    """Neither log nor bundle say whose people these are: an act of theirs may have been kept out."""
    log, seq = unread_admission(world)
    acts = open_bundle(of_desks(world), ACTS)[0].acts

    def undecided(told: bytes) -> list[str]:
        found = names(look(log, acts=told), Severity.COULD_NOT_CHECK)
        return [where for code, where in found if code == "TRUST_ACT_UNDECIDED"]

    short = of_desks(world, acts=tuple(one for one in acts if one.seq < seq))
    assert undecided(short) == [f"acts, seq {seq}"]
    assert undecided(of_desks(world)) == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_one_bundle_is_not_the_other(world: World, form: Form) -> None:
    """Each opens as what it is, and an audit given the wrong file says so."""
    raw = world.bundle(form)
    (other,) = {*FORMS} - {form}
    with pytest.raises(Malformed) as caught:
        open_bundle(raw, other)
    assert caught.value.code == "BUNDLE_KIND"
    assert caught.value.what == f"this is {form.file}, where {other.file} is asked for"
    report = look(world, **{other.file.removesuffix(".cbor"): raw})
    assert ("TRUST_UNREADABLE", other.file.removesuffix(".cbor")) in names(report, Severity.COULD_NOT_CHECK)


def test_a_bundle_of_the_desks_with_status_lists_is_refused(world: World) -> None:
    with pytest.raises(Malformed) as caught:
        open_bundle(of_desks(world, lists=open_bundle(world.bundle())[0].lists), ACTS)
    assert caught.value.code == "BUNDLE_SHAPE"
