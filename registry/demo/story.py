"""The demo's class, from its opening to a decided subsidy claim, each step at its own person's desk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from issuers.acts.words import Outcome
from issuers.credential import parse_credential
from issuers.sign.desk.claims import decide_claim, prepare_claim, read_application, submit_claim
from issuers.sign.desk.classes import (
    confirm_class,
    lay_sheet,
    read_class_roster,
    review_class,
    seal_roster,
    sign_sheet,
)
from issuers.sign.desk.issuing import IssueReport, issue
from issuers.sign.desk.papers import Papers
from issuers.sign.desk.parties import act
from issuers.sign.desk.standing import move_certificate
from ledger import cbor
from registry.demo.cast import BODY, HOME_DISTRICT, INSTITUTION, OTHER_DISTRICT, PROJECTS
from registry.demo.office import Office
from registry.demo.people import Person, invent, roster_csv, sheets_csv
from registry.demo.setup import STANDARD
from verify.subsidy.policy import POLICY_DEMO

Publish = Callable[[], None]
Staff = Mapping[tuple[str, str], bytes]
RESPONSIBLE = ("林知微", "何若水")


@dataclass(slots=True)
class Told:
    """What the story made; `roster` and `sheets` are the office files it read."""

    class_id: bytes
    people: list[Person] = field(repr=False)
    roster: bytes = field(repr=False)
    sheets: tuple[bytes, bytes] = field(repr=False)
    report: IssueReport | None = None
    revoked: str = ""
    claim: bytes = b""


def tell(office: Office, staff: Staff, publish: Publish, *, today: date, trainees: int) -> Told:
    """Class, roster, sheets, confirmation, certificates, a revocation, a claim and its decision."""
    people = invent(trainees, today=today, hours=STANDARD.hours, seed=7)
    told = Told(os.urandom(16), people, roster_csv(people), sheets_csv(people, seed=11))
    _open_class(office, staff, told.class_id, today)
    registrar = office.desk(INSTITUTION, "registrar")
    seal_roster(registrar, told.class_id, read_class_roster(registrar, told.class_id, told.roster).entries)
    for name, data in zip(("evaluator-1", "evaluator-2"), told.sheets, strict=True):
        evaluator = office.desk(BODY, name)
        sign_sheet(evaluator, told.class_id, lay_sheet(evaluator, told.class_id, data))
    signatory = office.desk(BODY, "signatory", responsible=RESPONSIBLE)
    confirm_class(signatory, review_class(signatory, told.class_id))
    issue(signatory, told.class_id)
    publish()
    # A second run finds everything done, fetches the proofs, and makes the PDFs they are attached to.
    told.report = issue(signatory, told.class_id, papers=Papers())
    _revoke_one(office, told)
    _claim_one(office, told, today)
    publish()
    return told


def _open_class(office: Office, staff: Staff, class_id: bytes, today: date) -> None:
    body: dict[str, cbor.Value] = {
        "project": PROJECTS[0],
        "standard": STANDARD.id,
        "body": BODY,
        "instructors": [staff[INSTITUTION, "instructor"]],
        "first_day": (today - timedelta(days=6)).isoformat(),
        "last_day": (today - timedelta(days=1)).isoformat(),
    }
    act(office.desk(INSTITUTION, "registrar"), "class-opened", f"class/{class_id.hex()}", body)


def _revoke_one(office: Office, told: Told) -> None:
    """The last certificate is withdrawn: its evaluation was signed for somebody else."""
    assert told.report is not None
    last = told.report.issued[-1]
    move_certificate(
        office.desk(BODY, "signatory"), last.certificate, move="revoke", reason="result-overturned"
    )
    told.revoked = last.number


def _claim_one(office: Office, told: Told, today: date) -> None:
    """The holder of the first certificate claims at another district's counter; the home district decides."""
    assert told.report is not None
    first = told.report.issued[0]
    assert first.folder is not None
    holder = _holder(told.people, (first.folder / "credential.cose").read_bytes())
    application = {
        "qr": (first.folder / "qr.txt").read_text(),
        "id_type": "resident_id",
        "id_number": holder.id_number,
        "channel": "counter",
        "facts": {
            "organisation": holder.organisation,
            "uscc": holder.uscc,
            "in_shanghai": True,
            "founded_on": holder.founded_on.isoformat(),
            "role": holder.role,
            "role_from": holder.founded_on.isoformat(),
            "source": "market-registry",
            "as_of": today.isoformat(),
        },
    }
    intake = office.desk(OTHER_DISTRICT, "intake")
    read = read_application(json.dumps(application).encode(), today=today)
    prepared = prepare_claim(intake, read)
    submit_claim(intake, prepared, read)
    told.claim = prepared.claim
    decide_claim(
        office.desk(HOME_DISTRICT, "reviewer"),
        prepared.claim,
        Outcome.APPROVED,
        amount_fen=POLICY_DEMO.amount_fen,
        reasons=(),
        release=False,
    )


def _holder(people: list[Person], credential: bytes) -> Person:
    """Who the certificate is for, by the name in its QR (names differ among those who passed first)."""
    name = parse_credential(credential).claims.name
    return next(person for person in people if person.name == name)
