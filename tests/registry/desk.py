"""The counter of a district before a stage with certificates: applications, claims, decisions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from issuers.authority.case import shanghai_date
from issuers.identifiers.identity import IdNumber, IdType
from issuers.identifiers.organisations import OrganisationRole
from issuers.sign.answers import PreparedClaim, read_prepared_claim
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import Certified, ClaimFacts, claim_parcel
from tests.registry.stage import Stage, item


@dataclass
class Desk:
    """A stage with certificates, published; `holder` is the first of them."""

    stage: Stage
    certified: list[Certified]

    def body(self, place: int = 0, **changed: Any) -> dict[str, Any]:
        """An application of the holder, as the counter sends it."""
        fields = self.stage.holder(self.certified[place])
        facts = {
            "organisation": fields["organisation"],
            "uscc": "",
            "in_shanghai": True,
            "founded_on": fields["founded_on"],
            "role": fields["role"],
            "role_from": fields["founded_on"],
            "source": "market-registry",
            "as_of": shanghai_date(self.stage.hands.now_ms).isoformat(),
        }
        told = {
            "qr": self.certified[place].qr,
            "id_type": fields["id_type"],
            "id_number": fields["id_number"],
            "channel": "counter",
            "facts": {**facts, **changed.pop("facts", {})},
        }
        return {**told, **changed}

    def check(self, body: Mapping[str, Any], who: str = "intake-310101") -> httpx.Response:
        party = self.stage.world.people[who].party
        return self.stage.ask("/api/subsidy/check", "subsidy-check", who, f"party/{party}", body)

    def prepare(self, body: Mapping[str, Any], who: str = "intake-310101") -> httpx.Response:
        party = self.stage.world.people[who].party
        return self.stage.ask("/api/subsidy/claims/prepare", "claim", who, f"party/{party}", body)

    def prepared(self, place: int = 0) -> PreparedClaim:
        answer = self.prepare(self.body(place))
        assert answer.status_code == 200, answer.text
        return read_prepared_claim(answer.json())

    def claim(self, prepared: PreparedClaim, place: int = 0, *, opened: int | None = None) -> dict[str, Any]:
        """A signed claim; `opened` names another holder to put into the opening."""
        fields = self.stage.holder(self.certified[place if opened is None else opened])
        facts = ClaimFacts(
            IdNumber(IdType(fields["id_type"]), fields["id_number"]),
            fields["organisation"],
            fields["uscc"],
            OrganisationRole(fields["role"]),
            date.fromisoformat(fields["founded_on"]),
        )
        person = self.stage.world.people["intake-310101"]
        parcel = claim_parcel(
            Speaker(person.signer, person.party, self.stage.world.origin),
            prepared,
            facts,
            record_key=os.urandom(32),
            now_ms=self.stage.hands.now_ms,
            fresh=os.urandom(10),
        )
        return item(parcel.statement, parcel.openings)

    def submit(self, told: Mapping[str, Any]) -> httpx.Response:
        return self.stage.client.post("/api/subsidy/claims", json=told)

    def say(self, kind: str, who: str, claim: bytes, act: object) -> httpx.Response:
        self.stage.world.now = self.stage.hands.now_ms
        raw = self.stage.world.sign(kind, who, f"claim/{claim.hex()}", act)
        return self.submit(item(raw))


def findings(answer: httpx.Response) -> dict[str, tuple[str, str]]:
    return {one["rule"]: (one["answer"], one["code"]) for one in answer.json()["findings"]}
