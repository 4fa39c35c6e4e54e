"""Rules for keys: whose they are, how that is proved, enrolled once ever, and those of the service."""

from __future__ import annotations

import pytest

from issuers.acts.parties import AdminAppointed, KeyEnrolled, KeyRevoked, OfficerAppointed, ServiceKey
from issuers.acts.words import KINDS, Duty, RevocationCause
from issuers.authority.party_facts import Key, ServiceKeyFact
from issuers.authority.party_rules import ENROLMENT_AGE_MAX
from issuers.bundle import service_key
from ledger.errors import BadSignature, Malformed, Refused
from ledger.keys import EDDSA, ES256, PublicKey, SoftwareSigner, kid_of
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import BODY, FIRST, LAST, Person
from tests.world_steps import hire

ADMIN = f"admin-{BODY}"
LOST = KeyRevoked(RevocationCause.LOST)


def subject_of(person: Person) -> str:
    return f"officer/{person.staff.hex()}"


def key_subject(signer: SoftwareSigner) -> str:
    return f"key/{signer.public.kid.hex()}"


def key_fact(world: World, signer: SoftwareSigner) -> Key:
    fact = world.view.get(Key, signer.public.kid.hex())
    assert fact is not None
    return fact


# Enrolment.


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_a_further_key_of_either_suite_speaks_for_the_same_person(alg: int) -> None:
    world = ready("founded")
    who = world.people["signatory"]
    spare = world.new_key("spare", alg)
    body = KeyEnrolled(world.enrolment(spare, BODY, subject_of(who)))
    world.say("key-enrolled", ADMIN, subject_of(who), body)
    fact = key_fact(world, spare)
    assert (fact.staff, fact.party, fact.alg) == (who.staff, BODY, alg)


def test_a_key_is_enrolled_once_ever() -> None:
    world = ready("founded")
    who = world.people["signatory"]
    again = KeyEnrolled(world.enrol(who))
    world.refuse("KEY_EXISTS", "key-enrolled", ADMIN, subject_of(who), again)
    world.say("key-revoked", ADMIN, key_subject(who.signer), LOST)
    world.refuse("KEY_EXISTS", "key-enrolled", ADMIN, subject_of(who), again)


def test_a_key_already_enrolled_makes_no_admin_and_no_service_key() -> None:
    world = ready("founded")
    who, other = world.people["signatory"], world.person("signatory", "body-haiping")
    enrolment = world.enrolment(who.signer, other.party, subject_of(other))
    admin = AdminAppointed(other.staff, enrolment, FIRST, LAST)
    world.refuse("KEY_EXISTS", "admin-appointed", "root-1", "party/body-haiping", admin)
    service = ServiceKey(world.enrolment(who.signer, "city", "service/status"))
    world.refuse("KEY_EXISTS", "service-key", "root-1", "service/status", service)


@pytest.mark.parametrize(
    "changed",
    [{"iss": "body-haiping"}, {"sub": f"officer/{'00' * 16}"}, {"aud": "log.other.example/2026"}],
)
def test_a_key_made_for_another_person_party_or_log_is_refused(changed: dict[str, str]) -> None:
    world = ready("founded")
    who = world.people["signatory"]
    spare = world.new_key("spare")
    body = KeyEnrolled(world.enrolment(spare, BODY, subject_of(who), **changed))
    world.refuse("ENROLMENT_OTHER", "key-enrolled", ADMIN, subject_of(who), body)


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_proof_of_possession_is_good_for_thirty_days(direction: int) -> None:
    world = ready("founded")
    who, spare = world.people["signatory"], world.new_key("spare")
    iat = world.now // 1000
    edge = iat + direction * ENROLMENT_AGE_MAX
    old = KeyEnrolled(world.enrolment(spare, BODY, subject_of(who), iat=edge + direction))
    world.refuse("ENROLMENT_OLD", "key-enrolled", ADMIN, subject_of(who), old, iat=iat)
    fresh = KeyEnrolled(world.enrolment(spare, BODY, subject_of(who), iat=edge))
    world.say("key-enrolled", ADMIN, subject_of(who), fresh, iat=iat)


def test_an_enrolment_signed_by_another_key_proves_nothing() -> None:
    """The header and payload are the spare key's, the signature the signatory's own."""
    world = ready("founded")
    who, spare = world.people["signatory"], world.new_key("spare")
    honest = world.enrolment(spare, BODY, subject_of(who))
    forged = honest[:-64] + who.signer.sign(b"anything")
    with pytest.raises(BadSignature):
        world.say("key-enrolled", ADMIN, subject_of(who), KeyEnrolled(forged))


def test_an_enrolment_is_no_act_even_under_an_enrolled_key() -> None:
    world = ready("founded")
    who = world.people["signatory"]
    with pytest.raises(Malformed) as caught:
        world.hear(world.enrol(who))
    assert caught.value.code == "STATEMENT_KIND"
    assert not {kind for kind, _ in KINDS} & {"enrolment", "receipt", "bundle", "session", "request"}


def test_a_statement_proves_no_possession() -> None:
    world = ready("founded")
    who = world.people["signatory"]
    statement = world.sign("key-revoked", ADMIN, key_subject(who.signer), LOST)
    world.refuse("ENROLMENT_SHAPE", "key-enrolled", ADMIN, subject_of(who), KeyEnrolled(statement))


def test_a_key_is_enrolled_only_for_an_officer_in_office() -> None:
    world = ready("founded")
    stranger = hire(world, "stranger", BODY)
    body = KeyEnrolled(world.enrol(stranger))
    world.refuse("OFFICER_UNKNOWN", "key-enrolled", ADMIN, subject_of(stranger), body)


def test_an_admin_enrols_no_key_for_a_root_or_for_itself() -> None:
    """A fourth genesis key through the back door; a second admin key nobody approved."""
    world = ready("founded")
    for name in ("root-1", "city-admin"):
        who = world.people[name]
        spare = world.enrolment(world.new_key(f"spare of {name}"), "city", subject_of(who))
        world.refuse("OFFICER_UNKNOWN", "key-enrolled", "city-admin", subject_of(who), KeyEnrolled(spare))


def test_an_admin_enrols_no_key_for_another_partys_officer() -> None:
    world = ready("founded")
    who = world.people["signatory"]
    spare = world.enrolment(world.new_key("spare"), "body-haiping", subject_of(who))
    world.refuse("OFFICER_UNKNOWN", "key-enrolled", "admin-body-haiping", subject_of(who), KeyEnrolled(spare))


# Keys of the service.


def test_a_service_key_has_one_of_three_purposes() -> None:
    world = ready("founded")
    for purpose in ("backup", "STATUS", "status/x"):
        body = ServiceKey(world.enrolment(world.new_key("service"), "city", f"service/{purpose}"))
        world.refuse("SERVICE_PURPOSE", "service-key", "root-1", f"service/{purpose}", body)


def test_a_service_key_made_for_one_purpose_does_not_serve_another() -> None:
    world = ready("founded")
    body = ServiceKey(world.enrolment(world.new_key("service"), "city", "service/receipt"))
    world.refuse("ENROLMENT_OTHER", "service-key", "root-1", "service/status", body)


def test_checkpoints_are_signed_with_ed25519() -> None:
    world = ready("founded")
    body = ServiceKey(world.enrolment(world.new_key("service"), "city", "service/checkpoint"))
    world.refuse("SERVICE_ALG", "service-key", "root-1", "service/checkpoint", body)


def test_a_stale_service_key_is_refused() -> None:
    world = ready("founded")
    old = world.now // 1000 - ENROLMENT_AGE_MAX - 5
    body = ServiceKey(world.enrolment(world.new_key("service"), "city", "service/status", iat=old))
    world.refuse("ENROLMENT_OLD", "service-key", "root-1", "service/status", body)


def test_a_new_service_key_takes_the_place_of_the_old_and_a_revoked_one_of_none() -> None:
    world = ready("founded")
    fresh = world.new_key("service")
    body = ServiceKey(world.enrolment(fresh, "city", "service/status"))
    world.say_two("service-key", "service/status", body)
    assert world.view.get(ServiceKeyFact, "status") == ServiceKeyFact("status", fresh.public.kid)
    world.say_two("key-revoked", key_subject(fresh), LOST)
    with pytest.raises(Refused) as caught:
        service_key(world.view, "status")
    assert caught.value.code == "SERVICE_KEY_MISSING"


class Anybody:
    """Signs under the neutral point of edwards25519, which takes no private key: R neutral, S zero."""

    def __init__(self) -> None:
        spki = bytes.fromhex("302a300506032b6570032100") + b"\x01" + bytes(31)
        self.public = PublicKey(EDDSA, spki, kid_of(spki), lambda message, signature: None)

    def sign(self, message: bytes) -> bytes:
        return b"\x01" + bytes(63)


def test_a_key_under_which_anybody_can_sign_is_not_enrolled() -> None:
    world = ready("founded")
    who = world.people["signatory"]
    spare = KeyEnrolled(world.enrolment(Anybody(), BODY, subject_of(who)))
    world.refuse("KEY_SMALL_ORDER", "key-enrolled", ADMIN, subject_of(who), spare)


def test_an_appointment_ending_does_not_free_its_key_for_another() -> None:
    world = ready("founded")
    who = world.people["evaluator-1"]
    ended = OfficerAppointed((Duty.EVALUATOR,), (), FIRST, FIRST)
    world.say("officer-appointed", ADMIN, subject_of(who), ended)
    other = world.people["evaluator-2"]
    stolen = KeyEnrolled(world.enrolment(who.signer, BODY, subject_of(other)))
    world.refuse("KEY_EXISTS", "key-enrolled", ADMIN, subject_of(other), stolen)
