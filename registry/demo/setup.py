"""The demo's parties take their places: genesis, service keys, admission, officers, standard, policies.

Every act is signed by its own person at its own desk and sent over HTTP; the city's acts are approved by a
second holder of a genesis key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, timedelta

from issuers.acts.words import Duty, Role, ServicePurpose
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.parties import act, approve, approve_genesis, draft_genesis, staff_id
from issuers.standard import DEFAULT_STANDARD, Standard
from ledger import cbor
from registry.clock import Clock
from registry.demo.cast import BODY, CITY, HOME_DISTRICT, INSTITUTION, PROJECTS, ROOTS, Cast, Member
from registry.demo.office import Office
from verify.subsidy.policy import POLICY_2023_7, POLICY_DEMO

TITLES = {"title": "创办你的企业（演示）", "title_en": "Start Your Business (demo)"}
STANDARD = Standard.from_body({**DEFAULT_STANDARD.to_body(), "id": "startup-demo-1", **TITLES})


def genesis(office: Office, clock: Clock) -> list[bytes]:
    """The two statements `malan init` wants: genesis by one holder, approval by another."""
    enrolments = [office.enrolment(CITY, name, os.urandom(16)) for name in ROOTS]
    first, second = office.speaker(CITY, ROOTS[0]), office.speaker(CITY, ROOTS[1])
    raw = draft_genesis(
        first,
        enrolments,
        city="上海市就业促进中心（演示）",
        city_en="City centre (demo)",
        now_ms=clock.now_ms(),
        fresh=os.urandom(10),
    )
    return [raw, approve_genesis(second, raw, now_ms=clock.now_ms(), fresh=os.urandom(10))]


class Setup:
    """Plays the founding acts; `staff` then knows everybody's staff id."""

    def __init__(self, office: Office, parties: tuple[Cast, ...], today: date) -> None:
        self._office = office
        self._parties = {party.party: party for party in parties}
        self._term = {"first_day": today - timedelta(days=400), "last_day": today + timedelta(days=730)}
        self._today = today
        self.staff: dict[tuple[str, str], bytes] = {}

    def run(self, service_enrolments: Mapping[ServicePurpose, bytes]) -> None:
        """All of it, in an order the authority allows."""
        for purpose, enrolment in service_enrolments.items():
            self._two(f"service/{purpose}", "service-key", {"enrolment": enrolment})
        for party in self._parties.values():
            self._admit(party)
        for party in self._parties.values():
            self._appoint(party)
        standards = self._office.desk(CITY, "standards")
        act(standards, "standard-published", f"standard/{STANDARD.id}", {"document": STANDARD.to_body()})
        for policy in (POLICY_2023_7, POLICY_DEMO):
            self._two(f"policy/{policy.id}", "policy-published", {"document": policy.to_body()})
        self._two(f"party/{BODY}", "body-appointed", {"projects": list(PROJECTS), **self._terms()})
        supervisor = self._office.desk(HOME_DISTRICT, "supervisor")
        for project in PROJECTS:
            act(supervisor, "institution-accredited", f"accreditation/{INSTITUTION}/{project}", self._terms())

    def _admit(self, party: Cast) -> None:
        if party.role is not Role.CITY:
            body: dict[str, cbor.Value] = {
                "role": party.role.value,
                "name": party.chinese,
                "name_en": party.english,
                "region": party.region,
            }
            if party.code is not None:
                body["code"] = party.code
            self._two(f"party/{party.party}", "party-admitted", body)
        admin = party.members[0]
        staff = self._staff_of(party, admin)
        enrolment = self._office.enrolment(party.party, admin.name, staff)
        self._two(
            f"party/{party.party}",
            "admin-appointed",
            {"staff": staff, "enrolment": enrolment, **self._terms()},
        )

    def _appoint(self, party: Cast) -> None:
        """The admin asks for each officer's staff id, appoints the officer and enrols the key."""
        desk = self._office.desk(party.party, "admin")
        for member in party.members[1:]:
            staff = self._staff_of(party, member)
            projects = list(PROJECTS) if party.role is Role.BODY else []
            duties = [duty.value for duty in member.duties]
            act(
                desk,
                "officer-appointed",
                f"officer/{staff.hex()}",
                {"duties": duties, "projects": projects, **self._terms()},
            )
            if member.duties != (Duty.INSTRUCTOR,):  # an instructor signs nothing
                enrolment = self._office.enrolment(party.party, member.name, staff)
                act(desk, "key-enrolled", f"officer/{staff.hex()}", {"enrolment": enrolment})

    def _staff_of(self, party: Cast, member: Member) -> bytes:
        """From the service, which gives one natural person one id; the city's first admin has none to ask."""
        asking: Desk | None = None
        if member is not party.members[0]:
            asking = self._office.desk(party.party, "admin")
        elif party.role is not Role.CITY:
            asking = self._office.desk(CITY, "admin")
        if asking is None:
            staff = os.urandom(16)
        else:
            person = {"id_type": "resident_id", "id_number": member.id_number, "name": member.chinese}
            staff = staff_id(asking, json.dumps(person).encode(), today=self._today)
        self.staff[party.party, member.name] = staff
        return staff

    def _two(self, subject: str, kind: str, body: Mapping[str, cbor.Value]) -> None:
        """An act of the city and the second officer's approval."""
        statement, _ = act(self._office.desk(CITY, ROOTS[0]), kind, subject, body)
        approve(self._office.desk(CITY, ROOTS[1]), statement.hash)

    def _terms(self) -> dict[str, cbor.Value]:
        return {name: day.isoformat() for name, day in self._term.items()}
