"""Rules for certificates: issued once, by the body that evaluated, on the day it enters the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from issuers.acts.certificates import (
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
)
from issuers.acts.words import CertificateKind, Duty
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import (
    CertificateFact,
    CredentialFact,
    Passed,
    StandardFact,
    State,
    StatusSlot,
    passed_key,
    slot_key,
)
from tests.issuers.authority_worlds import FREE, a_void, an_issue, give, passed_ones, ready
from tests.world import World
from tests.world_parts import STANDARD_ID, moment
from tests.world_steps import class_subject, issue

NEW = f"certificate/{'ce' * 16}"


def refuse_issue(world: World, code: str, *, signer: str = "signatory", **changed: Any) -> None:
    world.refuse(code, "certificate-issued", signer, NEW, an_issue(world, **changed))


# Issuing.


def test_a_certificate_names_the_standard_its_class_was_evaluated_by() -> None:
    """Otherwise a pass in one course could be issued as a certificate of another."""
    world = ready("confirmed")
    other = an_issue(world, standard="easier-2026")
    world.refuse("STANDARD_OTHER", "certificate-issued", "signatory", NEW, other)


def test_an_issued_certificate_takes_its_number_its_place_and_its_credential() -> None:
    world = ready("confirmed")
    holder = passed_ones(world)[0]
    made = issue(world, holder)
    fact = world.view.get(CertificateFact, made.id.hex())
    assert fact is not None
    assert (fact.state, fact.seq, fact.time_ms) == (State.VALID, made.seq, world.times[-1])
    assert world.view.get(StatusSlot, slot_key(1, fact.status_index)) == StatusSlot(
        1, fact.status_index, made.id
    )
    assert world.view.get(CredentialFact, fact.credential.hex()) == CredentialFact(fact.credential, made.id)
    passed = world.view.get(Passed, passed_key(world.class_id, holder.candidate))
    assert passed is not None
    assert passed.certificate == made.id


def test_before_the_result_is_confirmed_nothing_is_issued() -> None:
    world = ready("scored")
    refuse_issue(world, "EVALUATION_MISSING")


def test_who_did_not_pass_gets_no_certificate() -> None:
    world = ready("confirmed")
    failed = next(one for one in world.trainees if not one.passes)
    refuse_issue(world, "NOT_PASSED", candidate=failed.candidate)
    refuse_issue(world, "NOT_PASSED", candidate=bytes(16))


def test_the_signatory_of_another_body_issues_nothing() -> None:
    world = ready("confirmed")
    refuse_issue(world, "CLASS_OTHER", signer="rival-signatory")
    refuse_issue(world, "CLASS_UNKNOWN", class_id=bytes(16))


def test_who_scored_the_class_issues_nothing() -> None:
    world = ready("confirmed")
    give(world, "evaluator-2", Duty.EVALUATOR, Duty.SIGNATORY)
    refuse_issue(world, "DUTIES_JOINED", signer="evaluator-2")
    refuse_void(world, "DUTIES_JOINED", signer="evaluator-2")


def test_a_signatory_of_other_projects_issues_nothing() -> None:
    world = ready("confirmed")
    give(world, "signatory", Duty.SIGNATORY, projects=("002",))
    refuse_issue(world, "OFFICER_SCOPE")


def test_one_pass_gives_one_certificate() -> None:
    world = ready("issued")
    refuse_issue(world, "NUMBER_USED")
    refuse_void(world, "NUMBER_USED")


def test_neither_id_nor_credential_nor_place_is_used_twice() -> None:
    world = ready("confirmed")
    first = issue(world, passed_ones(world)[0])
    fact = world.view.get(CertificateFact, first.id.hex())
    assert fact is not None
    second = an_issue(world, candidate=passed_ones(world)[1].candidate)
    taken = f"certificate/{first.id.hex()}"
    world.refuse("CERTIFICATE_EXISTS", "certificate-issued", "signatory", taken, second)
    copied = replace(second, credential=fact.credential)
    world.refuse("CREDENTIAL_EXISTS", "certificate-issued", "signatory", NEW, copied)
    shared = replace(second, status_index=fact.status_index)
    world.refuse("STATUS_TAKEN", "certificate-issued", "signatory", NEW, shared)
    world.say("certificate-issued", "signatory", NEW, second)


def test_a_certificate_rests_on_the_confirmed_evaluation() -> None:
    world = ready("confirmed")
    refuse_issue(world, "EVALUATION_OTHER", evaluation=bytes(32))


def test_a_certificate_is_of_the_kind_of_its_standard() -> None:
    world = ready("confirmed")
    refuse_issue(world, "CERTIFICATE_KIND", kind=CertificateKind.COMPLETION)


def test_a_certificate_without_its_standard_is_refused() -> None:
    """Cannot happen through acts; a view that lost the standard must still refuse."""
    world = ready("confirmed")
    del world.view.facts[StandardFact, STANDARD_ID]
    refuse_issue(world, "STANDARD_UNKNOWN")


@pytest.mark.parametrize("days", [-1, 1])
def test_the_issue_date_is_the_shanghai_date_of_the_leaf(days: int) -> None:
    world = ready("confirmed")
    refuse_issue(world, "DATE_PASSED", issued_on=shanghai_date(world.now) + timedelta(days=days))


def test_a_certificate_signed_before_midnight_is_not_logged_after_it() -> None:
    """Signed at 23:59:50 Shanghai time, arrived at 00:00:10: signed anew, it enters under the new date."""
    world = ready("confirmed")
    signed = moment(13, 0) - 10_000
    act = an_issue(world, issued_on=date(2026, 3, 12))
    raw = world.sign("certificate-issued", "signatory", NEW, act, at=signed)
    world.refuse_raw("DATE_PASSED", raw, at=moment(13, 0) + 10_000)
    dated = replace(act, issued_on=date(2026, 3, 13))
    forward = world.sign("certificate-issued", "signatory", NEW, dated, at=signed)
    world.refuse_raw("DATE_PASSED", forward, at=moment(13, 0) + 10_000)
    world.say("certificate-issued", "signatory", NEW, dated, at=moment(13, 0) + 10_000)


def test_the_date_is_shanghais_not_londons() -> None:
    """At 00:30 in Shanghai it is still the day before in UTC."""
    world = ready("confirmed")
    world.now = moment(13, 0, 30)
    refuse_issue(world, "DATE_PASSED", issued_on=date(2026, 3, 12))
    world.say("certificate-issued", "signatory", NEW, an_issue(world, issued_on=date(2026, 3, 13)))


def test_a_certificate_expires_after_the_day_it_is_issued() -> None:
    world = ready("confirmed")
    today = shanghai_date(world.now)
    refuse_issue(world, "EXPIRY_ORDER", expires_on=today)
    tomorrow = an_issue(world, expires_on=today + timedelta(days=1))
    world.say("certificate-issued", "signatory", NEW, tomorrow)


def test_a_certificate_commits_to_name_and_number() -> None:
    world = ready("confirmed")
    entry = an_issue(world).entries[0]
    refuse_issue(world, "ENTRY_FIELDS", entries=({"name": entry["name"]},))
    refuse_issue(world, "ENTRY_FIELDS", entries=({**entry, "id_number": bytes(32)},))
    refuse_issue(world, "SHAPE_SIZE", entries=())
    refuse_issue(world, "SHAPE_SIZE", entries=(entry, entry))


@pytest.mark.parametrize(
    ("field", "value"), [("status_index", 2**20), ("status_index", -1), ("status_list", 10_000)]
)
def test_a_place_outside_the_status_lists_is_refused(field: str, value: int) -> None:
    world = ready("confirmed")
    changed: dict[str, Any] = {field: value}
    refuse_issue(world, "SHAPE_RANGE", **changed)


# Voiding a number.


def refuse_void(world: World, code: str, *, signer: str = "signatory", **changed: Any) -> None:
    world.refuse(code, "number-voided", signer, class_subject(world), a_void(world, **changed))


def test_a_voided_number_is_never_issued_and_its_place_never_used() -> None:
    world = ready("confirmed")
    world.say("number-voided", "signatory", class_subject(world), a_void(world))
    refuse_issue(world, "NUMBER_USED")
    refuse_void(world, "NUMBER_USED")
    assert world.view.get(StatusSlot, slot_key(1, FREE)) == StatusSlot(1, FREE, None)
    refuse_issue(world, "STATUS_TAKEN", candidate=passed_ones(world)[1].candidate)


def test_a_void_is_about_the_class_of_its_subject() -> None:
    world = ready("confirmed")
    other = f"class/{'ee' * 16}"
    world.refuse("SUBJECT_ID", "number-voided", "signatory", other, a_void(world))
    refuse_void(world, "NOT_PASSED", candidate=bytes(16))
    refuse_void(world, "ENTRY_FIELDS", entries=({"name": bytes(32)},))


# Suspended, restored, revoked.


@pytest.mark.parametrize(
    "path",
    [
        ["certificate-restored"],
        ["certificate-suspended", "certificate-suspended"],
        ["certificate-suspended", "certificate-restored", "certificate-restored"],
        ["certificate-revoked", "certificate-restored"],
        ["certificate-revoked", "certificate-suspended"],
        ["certificate-revoked", "certificate-revoked"],
        ["certificate-suspended", "certificate-revoked", "certificate-restored"],
    ],
)
def test_a_revocation_never_ends_and_a_suspension_ends_once(path: list[str]) -> None:
    world = ready("issued")
    subject = f"certificate/{world.certificates[0].id.hex()}"
    for kind in path[:-1]:
        world.say(kind, "signatory", subject, {"reason": "under-review"})
    world.refuse("CERTIFICATE_STATE", path[-1], "signatory", subject, {"reason": "under-review"})


def test_each_change_of_state_is_dated_and_has_its_reason() -> None:
    world = ready("issued")
    made = world.certificates[0]
    steps = (
        ("certificate-suspended", CertificateSuspended("under-review"), State.SUSPENDED),
        ("certificate-restored", CertificateRestored("cleared"), State.VALID),
        ("certificate-revoked", CertificateRevoked("fraud"), State.REVOKED),
    )
    for kind, act, state in steps:
        world.say(kind, "signatory", f"certificate/{made.id.hex()}", act)
        fact = world.view.get(CertificateFact, made.id.hex())
        assert fact is not None
        assert (fact.state, fact.reason, fact.changed_ms) == (state, act.reason, world.times[-1])


def test_another_body_touches_no_certificate_and_nobody_an_unknown_one() -> None:
    world = ready("issued")
    subject = f"certificate/{world.certificates[0].id.hex()}"
    for kind in ("certificate-suspended", "certificate-restored", "certificate-revoked"):
        world.refuse("CERTIFICATE_OTHER", kind, "rival-signatory", subject, {"reason": "rivalry"})
        world.refuse("CERTIFICATE_UNKNOWN", kind, "signatory", NEW, {"reason": "mistake"})


@pytest.mark.parametrize("reason", ["", "Fraud", "ask 沈明", "fraud-", "a" * 41])
def test_a_reason_is_a_word_never_free_text(reason: str) -> None:
    """Free text in the log could name a person, for ever."""
    world = ready("issued")
    subject = f"certificate/{world.certificates[0].id.hex()}"
    code = "SHAPE_SIZE" if reason == "a" * 41 else "SHAPE_FORM"
    world.refuse(code, "certificate-revoked", "signatory", subject, {"reason": reason})
