"""The parties' own client (`sign.client`) understands every answer of the service, and the service it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from issuers.base64url import from_b64
from issuers.request import sign_request
from issuers.sign.client import Client
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import check_prepared
from issuers.sign.parcel import Fate, Parcel
from ledger import cbor
from ledger.errors import BadSignature, MalanError, Refused
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, officer_document
from tests.world_parts import BODY


@pytest.fixture
def client(results: Stage) -> Iterator[Client]:
    with Client("http://127.0.0.1:8000", sleep=lambda _: None, transport=results.client._transport) as made:
        yield made


def signed(stage: Stage, who: str, name: str, subject: str, body: dict[str, cbor.Value]) -> bytes:
    person = stage.world.people[who]
    speaker = Speaker(person.signer, person.party, stage.world.origin)
    claims = speaker.claims(subject, now_ms=stage.hands.now_ms, fresh=os.urandom(10))
    return sign_request(person.signer, name=name, claims=claims, body=body)


def test_a_class_is_certified_and_claimed_through_the_client(results: Stage, client: Client) -> None:
    subject = results.class_subject
    evidence = client.evidence(lambda: signed(results, "signatory", "evidence", subject, {}))
    prepared = client.prepare(
        lambda: signed(results, "signatory", "certificates", subject, {"batch": b"b" * 16})
    )
    assert check_prepared(prepared, evidence) == {}
    made = [results.certify(prepared, one) for one in prepared.items]
    answers = client.send([one.parcel for one in made])
    assert [one.fate for one in answers] == [Fate.APPENDED] * len(made)
    assert [one.fate for one in client.send([one.parcel for one in made])] == [Fate.KNOWN] * len(made)
    assert client.proof(answers[0].seq) is None
    results.publish()
    assert client.proof(answers[0].seq) is not None
    assert client.acts()[:1] == b"\xd2"
    desk = Desk(results, made)
    party = results.world.people["intake-310101"].party
    decision = client.check_subsidy(
        lambda: signed(results, "intake-310101", "subsidy-check", f"party/{party}", desk.body())
    )
    assert decision["outcome"] == "PASS"
    claim = client.prepare_claim(
        lambda: signed(results, "intake-310101", "claim", f"party/{party}", desk.body())
    )
    told = desk.claim(claim)
    parcel = Parcel(
        from_b64(told["statement"], bytes_max=65_535, where="x"),
        tuple(from_b64(one, bytes_max=4_096, where="x") for one in told["openings"]),
    )
    assert client.submit_claim(parcel).fate is Fate.APPENDED
    assert client.claim(claim.claim)["state"] == "submitted"
    with pytest.raises(Refused, match="ALREADY_CLAIMED"):
        client.prepare_claim(lambda: signed(results, "intake-310101", "claim", f"party/{party}", desk.body()))


def test_a_staff_id_comes_back(results: Stage, client: Client) -> None:
    body: dict[str, cbor.Value] = {
        "id_type": "resident_id",
        "id_number": officer_document("new").number,
        "name": "沈明",
    }
    staff = client.staff(lambda: signed(results, f"admin-{BODY}", "staff", f"party/{BODY}", body))
    assert len(staff) == 16


def test_problems_become_the_errors_they_are(results: Stage, client: Client) -> None:
    def ask(who: str) -> MalanError:
        with pytest.raises(MalanError) as caught:
            client.evidence(lambda: signed(results, who, "evidence", results.class_subject, {}))
        return caught.value

    assert ask("supervisor-310101").code == "EVIDENCE_OTHER"
    results.world.people["stranger"] = results.world.person("stranger", BODY)
    stranger = ask("stranger")
    assert (type(stranger), stranger.code) == (BadSignature, "REQUEST_KEY")


def test_a_refused_statement_says_why(results: Stage, client: Client) -> None:
    raw = dismissal(results)
    (first,) = client.send([Parcel(raw)])
    (refused,) = client.send([Parcel(raw, (b"\x80",))])
    assert (first.fate, refused.fate, refused.code) == (Fate.APPENDED, Fate.REFUSED, "OPENING_SHAPE")
