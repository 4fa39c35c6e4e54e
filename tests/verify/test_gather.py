"""Online and offline: what is fetched, what is believed of it, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.errors import MalanError
from tests.verify.shown import claims_of, issued_world, now_of, proof_of, resigned, text_of
from tests.world import World
from tests.world_parts import BODY, HOST
from verify.check import YOUNG
from verify.evidence import Evidence
from verify.gather import Gatherer, Wanted
from verify.pins import PINS, TRUST, PinStore
from verify.remote import Remote
from verify.trust import Pin
from verify.verdict import State, Verdict


@dataclass
class Service:
    """What a server answers; `asked` are the paths it saw, `origins` whom the verifier turned to."""

    world: World
    down: bool = False
    knows: bool = True
    bundle: bytes | None = None
    asked: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)

    def open(self, origin: str) -> Remote:
        self.origins.append(origin)
        return Remote(origin, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path
        self.asked.append(str(request.url))
        if path == "/trust.cbor":
            return httpx.Response(200, content=self.bundle or self.world.bundle())
        if path.startswith("/status/"):
            return httpx.Response(200, content=self.world.status_list(int(path.split("/")[-1])))
        if path.startswith("/log/proof/"):
            return httpx.Response(200, content=self.world.proof(int(path.split("/")[-1])))
        for one in self.world.certificates if self.knows else ():
            if path == f"/api/certificates/{one.code}":
                return httpx.Response(200, json={"seq": one.seq})
        return httpx.Response(404, json={"code": "CERTIFICATE_UNKNOWN", "title": "none", "status": 404})


@dataclass
class Case:
    """A verifier's folder and the service it may meet."""

    home: Path
    service: Service

    def run(self, evidence: Evidence | None = None, *, now: int | None = None, **wanted: Any) -> Verdict:
        world = self.service.world
        gatherer = Gatherer(wanted=Wanted(**wanted), store=PinStore(self.home), open_remote=self.service.open)
        shown = evidence or Evidence(text=world.qr_texts[0])
        verdict = gatherer.verdict(shown, now=now_of(world) if now is None else now)
        self.notes = gatherer.notes
        return verdict


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "home", Service(issued_world()))


@pytest.fixture
def trust_file(tmp_path: Path) -> Path:
    path = tmp_path / "given.cbor"
    path.write_bytes(issued_world().bundle())
    return path


def code_of(run: Callable[[], Verdict]) -> str:
    with pytest.raises(MalanError) as caught:
        run()
    return caught.value.code


def test_without_bundle_and_server_nothing_can_be_checked(case: Case) -> None:
    assert code_of(lambda: case.run()) == "TRUST_MISSING"
    assert code_of(lambda: case.run(server=HOST, offline=True)) == "TRUST_MISSING"
    assert case.service.asked == []


def test_offline_nobody_is_asked(case: Case, trust_file: Path) -> None:
    verdict = case.run(trust_file=trust_file, offline=True)
    assert (verdict.state, verdict.complete) == (State.VALID, False)
    assert case.service.origins == []


def test_online_the_pinned_host_gives_the_proof(case: Case, trust_file: Path) -> None:
    verdict = case.run(trust_file=trust_file)
    assert (verdict.state, verdict.complete, verdict.final) == (State.VALID, True, True)
    assert case.service.origins == [HOST]


def test_no_address_that_was_asked_carries_a_name_a_number_or_the_fragment(
    case: Case, trust_file: Path
) -> None:
    case.run(trust_file=trust_file)
    claims = claims_of(case.service.world)
    fragment = case.service.world.qr_texts[0].split("#")[1]
    for address in case.service.asked:
        for secret in (claims.name, claims.number, fragment):
            assert secret not in address


def test_the_address_in_the_code_is_never_followed(case: Case, trust_file: Path) -> None:
    elsewhere = text_of(case.service.world.credentials[0], host="https://evil.example")
    verdict = case.run(Evidence(text=elsewhere), trust_file=trust_file)
    assert (verdict.state, verdict.code) == (State.UNREADABLE, "QR_OTHER_HOST")
    assert case.service.origins == [HOST]


def test_a_certificate_whose_signature_fails_is_not_asked_about(case: Case, trust_file: Path) -> None:
    raw = case.service.world.credentials[0]
    broken = raw[:-1] + bytes([raw[-1] ^ 1])
    verdict = case.run(Evidence(credential=broken), trust_file=trust_file)
    assert verdict.state is State.TAMPERED
    assert not [address for address in case.service.asked if "/api/" in address]


def test_a_log_that_has_none_is_not_logged_after_ten_minutes(case: Case, trust_file: Path) -> None:
    case.service.knows = False
    issued_at = claims_of(case.service.world).issued_at
    assert case.run(trust_file=trust_file, now=issued_at + YOUNG).state is State.COULD_NOT_CHECK
    assert case.run(trust_file=trust_file, now=issued_at + YOUNG + 1).state is State.NOT_LOGGED


def test_a_proof_at_hand_is_not_fetched_again_and_a_bad_one_is(case: Case, trust_file: Path) -> None:
    world = case.service.world
    text = world.qr_texts[0]
    case.run(Evidence(text=text, proof=proof_of(world)), trust_file=trust_file)
    assert not [address for address in case.service.asked if "/proof/" in address]
    verdict = case.run(Evidence(text=text, proof=proof_of(world, 1)), trust_file=trust_file)
    assert verdict.complete


def test_a_service_that_is_down_leaves_the_check_offline_and_says_so(case: Case, trust_file: Path) -> None:
    case.service.down = True
    verdict = case.run(trust_file=trust_file)
    assert (verdict.state, verdict.complete) == (State.VALID, False)
    assert any("REMOTE_UNREACHABLE" in note for note in case.notes)


def test_a_revocation_newer_than_the_bundle_at_hand_is_learned_online(case: Case, trust_file: Path) -> None:
    from issuers.acts.certificates import CertificateRevoked

    world = case.service.world
    subject = f"certificate/{world.certificates[0].id.hex()}"
    world.say("certificate-revoked", "signatory", subject, CertificateRevoked("fraud"))
    assert case.run(trust_file=trust_file, offline=True).state is State.VALID
    assert case.run(trust_file=trust_file).state is State.REVOKED


def test_a_stale_list_is_fetched_alone(case: Case, trust_file: Path) -> None:
    world = case.service.world
    case.service.bundle = world.bundle()
    world.now += 2 * 86_400_000
    assert case.run(trust_file=trust_file, offline=True).status_fresh is False
    assert case.run(trust_file=trust_file).status_fresh is True
    assert [address for address in case.service.asked if "/status/1" in address]


def test_an_older_or_other_bundle_from_the_service_is_not_taken_and_is_named(
    case: Case, trust_file: Path
) -> None:
    for bundle, code in (
        (World.founded().with_standard().bundle(), "TRUST_OLDER"),
        (b"\xd2\x84", "BUNDLE_KIND"),
    ):
        case.service.bundle = bundle
        case.service.asked.clear()
        verdict = case.run(trust_file=trust_file)
        assert (verdict.state, verdict.complete) == (State.VALID, False)
        assert any(code in note for note in case.notes)
        assert case.service.asked == [f"{HOST}/trust.cbor"], "such a service is not asked further"


# Pins.


def test_first_use_is_said_loudly_with_the_genesis_and_remembered_where_wanted(
    case: Case, trust_file: Path
) -> None:
    genesis = case.service.world.said[0].hash.hex()
    case.run(trust_file=trust_file, offline=True)
    assert any("!!!" in note and genesis in note for note in case.notes)
    assert not case.home.exists()
    case.run(trust_file=trust_file, offline=True, keep=True)
    assert (case.home / PINS).exists()
    verdict = case.run(trust_file=trust_file, offline=True)
    assert case.notes == []
    assert verdict.steps[2].code == ""


def test_trust_fetched_from_a_server_is_pinned_and_kept_for_offline_use(case: Case) -> None:
    verdict = case.run(server=HOST, keep=True)
    assert (verdict.state, verdict.complete) == (State.VALID, True)
    assert (case.home / TRUST).exists()
    case.service.down = True
    assert case.run(offline=True).state is State.VALID


def test_the_pin_follows_the_log_and_refuses_what_is_smaller(case: Case, trust_file: Path) -> None:
    world = case.service.world
    case.run(server=HOST, keep=True)
    world.say_two("policy-published", "policy/other", {"document": {"amount_fen": 1}})
    case.run(server=HOST, keep=True)
    pin = PinStore(case.home).read(world.origin)
    assert pin is not None
    assert pin.size == len(world.leaves)
    assert code_of(lambda: case.run(trust_file=trust_file, offline=True)) == "TRUST_OLDER"


def test_another_genesis_than_the_pinned_or_the_named_one_is_refused(case: Case, trust_file: Path) -> None:
    other = Pin(b"\x05" * 32)
    named = case.service.world.said[0].hash
    assert case.run(trust_file=trust_file, offline=True, genesis=named).steps[2].code == ""
    assert code_of(lambda: case.run(trust_file=trust_file, genesis=other.genesis)) == "TRUST_GENESIS"
    PinStore(case.home).write(case.service.world.origin, other)
    assert code_of(lambda: case.run(trust_file=trust_file)) == "TRUST_GENESIS"
    assert case.service.origins == []


def test_an_officer_appointed_after_the_bundle_at_hand_is_learned_online(
    case: Case, trust_file: Path
) -> None:
    from issuers.acts.words import Duty
    from tests.world_steps import appoint

    world = case.service.world
    appoint(world, "signatory-2", BODY, Duty.SIGNATORY)
    evidence = Evidence(credential=resigned(world, "signatory-2", issued_at=now_of(world)))
    assert case.run(evidence, trust_file=trust_file, offline=True).state is State.UNKNOWN_ISSUER
    case.service.knows = False
    late = now_of(world) + YOUNG + 1
    assert case.run(evidence, trust_file=trust_file, now=late).state is State.NOT_LOGGED
