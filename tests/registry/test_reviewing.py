"""What a reviewer is shown: claims of the own district, the applicant masked, the certificate as it is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from issuers.acts.certificates import CertificateRevoked, ClaimDecided, ClaimWithdrawn
from issuers.acts.words import Outcome
from ledger.errors import Refused
from registry.fsck.run import check
from registry.migrations.versions import m0004_open_claims
from registry.storage.tables import open_claim, read_audit
from tests.registry.browser import Browser
from tests.registry.desk import Desk

LIST = "/api/subsidy/open-claims"


def submitted(desk: Desk, place: int = 0) -> str:
    """A claim that waits."""
    prepared = desk.prepared(place)
    assert desk.submit(desk.claim(prepared, place)).status_code == 200
    return prepared.claim.hex()


def reviewer(desk: Desk, code: str = "310104") -> Browser:
    return Browser(desk.stage).sign_in(f"reviewer-{code}")


def test_the_list_is_that_of_the_own_district_and_names_nobody(desk: Desk) -> None:
    claim = submitted(desk)
    told = reviewer(desk).get(LIST).json()
    assert [one["claim"] for one in told["claims"]] == [claim]
    assert (told["district"], told["more"]) == ("district-310104", False)
    assert told["claims"][0]["policy_amount_fen"] == 180_000
    assert told["claims"][0]["unconfirmed"] is True
    fields = desk.stage.holder(desk.certified[0])
    assert not any(str(fields[name]) in str(told) for name in ("name", "id_number", "organisation"))


@pytest.mark.parametrize("ending", ["approved", "rejected", "withdrawn"])
def test_a_claim_that_is_closed_waits_no_more(desk: Desk, ending: str) -> None:
    claim = submitted(desk)
    act: object = ClaimWithdrawn("applicant-asked")
    if ending != "withdrawn":
        approved = ending == "approved"
        reasons = () if approved else ("ROLE_NOT_HELD",)
        act = ClaimDecided(Outcome(ending), reasons, 180_000 if approved else 0, not approved)
    kind, who = ("claim-withdrawn", "intake-310101")
    if ending != "withdrawn":
        kind, who = ("claim-decided", "reviewer-310104")
    assert desk.say(kind, who, bytes.fromhex(claim), act).json()["state"] == ending
    assert reviewer(desk).get(LIST).json()["claims"] == []
    told = reviewer(desk).get(f"{LIST}/{claim}")
    assert (told.status_code, told.json()["code"]) == (422, "CLAIM_CLOSED")


def test_a_claim_is_shown_masked_with_the_rules_of_today(desk: Desk) -> None:
    claim = submitted(desk)
    told = reviewer(desk).get(f"{LIST}/{claim}").json()
    fields = desk.stage.holder(desk.certified[0])
    assert told["applicant"]["name"] == fields["name"][0] + "**"
    assert told["applicant"]["id_last4"] == fields["id_number"][-4:]
    assert told["applicant"]["organisation"] == fields["organisation"]
    text = str(told)
    assert fields["name"] not in text and fields["id_number"] not in text
    codes = {one["rule"]: one["code"] for one in told["decision"]["findings"]}
    assert codes["R2"] == "CERTIFICATE_UNWITNESSED"  # nobody is appointed in this world
    assert codes["R4"] == "IN_WINDOW"
    assert (codes["R5"], codes["R6"], codes["R7"]) == ("FACT_MISSING", "FACT_UNCHECKED", "FACT_UNCHECKED")
    assert codes["R9"] == "PROJECT_FREE"  # its own hold does not stand against it


def test_a_certificate_revoked_meanwhile_is_seen_at_once(desk: Desk) -> None:
    claim = submitted(desk)
    stage = desk.stage
    stage.world.now = stage.hands.now_ms
    subject = f"certificate/{desk.certified[0].item.certificate.hex()}"
    raw = stage.world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("fraud"))
    assert stage.post(raw).status_code == 200
    told = reviewer(desk).get(f"{LIST}/{claim}").json()
    codes = {one["rule"]: one["code"] for one in told["decision"]["findings"]}
    assert codes["R2"] == "CERTIFICATE_INVALID"
    assert told["certificate_state"] == "revoked"


def test_the_read_is_recorded_before_and_refused_without(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = submitted(desk)
    browser = reviewer(desk)
    assert browser.get(f"{LIST}/{claim}").status_code == 200
    with desk.stage.service.database.reading() as connection:
        rows = connection.execute(sa.select(read_audit).order_by(read_audit.c.id.desc()).limit(1)).all()
    assert [(row.party, row.purpose, row.object) for row in rows] == [
        ("district-310104", "claim-review", f"claim/{claim}")
    ]

    def full(*_: object, **__: object) -> None:
        raise Refused("AUDIT_FULL", "told by the test")

    monkeypatch.setattr("registry.subsidy.reviewing.record", full)
    told = browser.get(f"{LIST}/{claim}")
    assert told.json()["code"] == "AUDIT_FULL"
    assert "applicant" not in told.text


def test_fsck_knows_the_list(desk: Desk) -> None:
    claim = submitted(desk)
    desk.stage.publish()
    assert check(desk.stage.service).departures == ()
    with desk.stage.service.database.transaction() as connection:
        row = connection.execute(sa.select(open_claim)).one()
        connection.execute(sa.delete(open_claim))
        elsewhere = {**row._asdict(), "district": "district-310115"}
        connection.execute(sa.insert(open_claim).values(elsewhere))
    assert [one.code for one in check(desk.stage.service).departures] == ["OPEN_CLAIM_DIFFERS"]
    with desk.stage.service.database.transaction() as connection:
        connection.execute(sa.delete(open_claim))
    assert [(one.code, one.where) for one in check(desk.stage.service).departures] == [
        ("OPEN_CLAIM_MISSING", f"claim {claim}")
    ]


def test_a_database_of_before_gets_the_claims_that_wait(desk: Desk) -> None:
    """The revision fills its table from the log so far: what waits, and nothing that is closed."""
    waits, closed = submitted(desk), submitted(desk, 1)
    desk.say("claim-withdrawn", "intake-310101", bytes.fromhex(closed), ClaimWithdrawn("applicant-asked"))
    with desk.stage.service.database.transaction() as connection:
        before = connection.execute(sa.select(open_claim)).all()
        connection.execute(sa.delete(open_claim))
        m0004_open_claims.fill(connection, open_claim)
        after = connection.execute(sa.select(open_claim)).all()
    assert after == before
    assert [row.claim.hex() for row in after] == [waits]
