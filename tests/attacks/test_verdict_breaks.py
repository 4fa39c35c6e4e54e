"""Breaks of the verdict by what a signatory, the finder of a key or the service can say of a certificate."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from issuers.acts.classes import StandardPublished
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.credential import sign_credential
from issuers.sign.drafting_certificates import check_prepared
from ledger.errors import MalanError
from tests.issuers.authority_worlds import a_void, an_issue
from tests.issuers.test_drafting import prepared
from tests.verify.shown import claims_of, issued_world, now_of, proof_of, resigned, show_file
from tests.world import World
from tests.world_parts import BODY, STANDARD, moment
from tests.world_steps import class_subject
from verify.verdict import State

NEW_CERTIFICATE = f"certificate/{'ce' * 16}"


def confirmed() -> World:
    world = World.founded().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    return world


def test_a_certificate_is_for_the_course_of_its_class_and_no_other() -> None:
    """Signed by the signatory in force, for one who passed: yet another course, of ten times the hours.

    Valid, complete and final today. certificate-issued names no standard, so neither the judge nor
    verify/logged.py `check_agreement` compares course, hours, project and stage with those of the class; the
    evidence audit never sees the credential.
    """
    world = confirmed()
    other = replace(STANDARD, id="master-2026", title="创业导师高级研修", hours=400)
    world.say("standard-published", "standards", "standard/master-2026", StandardPublished(other.to_body()))
    honest = claims_of(issued_world())
    claims = replace(
        honest, issued_at=now_of(world), course=other.title, hours=other.hours, status_list=1, status_index=77
    )
    credential = sign_credential(claims, world.people["signatory"].signer)
    act = an_issue(world, credential=sha256(credential).digest())
    try:
        world.say("certificate-issued", "signatory", NEW_CERTIFICATE, act)
    except MalanError:
        return
    verdict = show_file(world, credential, proof=world.proof(len(world.leaves) - 1))
    assert verdict.state is not State.VALID


@pytest.mark.xfail(strict=True, reason="a lost key is judged by the time its signer claims; see README")
def test_whoever_found_a_lost_key_does_not_sign_for_the_days_before() -> None:
    """verify/check.py `_compromise`: without a proof the finder chooses iat; LOST must be treated as stolen.

    verify/trust.py `_log_keys` does so for checkpoint keys already.
    """
    world = issued_world()
    world.now += 3_600_000
    kid = world.people["signatory"].signer.public.kid.hex()
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    world.now += 300 * 86_400_000
    before = claims_of(world).issued_at + 60
    forged = resigned(world, name="冒名者", issued_at=before, status_index=5)
    assert show_file(world, forged).exit_code != 0


def test_a_voided_number_is_not_valid() -> None:
    """Signed and printed, never logged, then voided: "will never be used", but its place in the list says 0.

    A StatusSlot without a certificate is a voided place, and the list says so.
    """
    world = confirmed()
    claims = replace(claims_of(issued_world()), issued_at=now_of(world), status_list=1, status_index=77)
    credential = sign_credential(claims, world.people["signatory"].signer)
    world.say("number-voided", "signatory", class_subject(world), a_void(world, status_index=77))
    assert show_file(world, credential).state is not State.VALID


@pytest.mark.parametrize("seconds", [253_370_735_999, 253_370_736_000, 253_402_214_399, 2**40 - 1])
def test_no_time_that_a_credential_may_hold_makes_the_check_raise(seconds: int) -> None:
    """verify/times.py `day_of`: its last second must lie before what `shanghai_date` takes."""
    world = issued_world()
    for changed in ({"issued_at": seconds}, {"expires_at": seconds}):
        verdict = show_file(world, resigned(world, **changed), proof=proof_of(world))
        assert verdict.exit_code != 0


def test_the_service_cannot_have_the_last_four_of_another_id_signed() -> None:
    """sign/drafting_certificates.py `check_prepared`: the roster has the ID number, nobody compares it."""
    world = confirmed()
    told, evidence = prepared(world), world.evidence()
    assert check_prepared(told, evidence) == {}, "the control"
    item = told.items[0]
    assert item.id_last4
    changed = replace(item, id_last4="000X" if item.id_last4 != "000X" else "0001")
    assert check_prepared(replace(told, items=(changed, *told.items[1:])), evidence) != {}


def test_the_service_cannot_have_a_number_of_another_body_or_year_signed() -> None:
    """As above: of the number only kind and stage are compared."""
    world = confirmed()
    told, evidence = prepared(world), world.evidence()
    foreign = _of_another_body(told.items[0].number)
    changed = replace(told.items[0], number=foreign)
    assert check_prepared(replace(told, items=(changed, *told.items[1:])), evidence) != {}


def _of_another_body(number: str) -> str:
    from issuers.identifiers.numbers import make_number, parse_number

    parts = parse_number(number)
    values = {name: getattr(parts, name) for name in parts.__slots__}
    return make_number(type(parts)(**{**values, "issuer3": 8, "project3": 999, "year2": 1}))
