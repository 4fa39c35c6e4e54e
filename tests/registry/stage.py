"""A running service on a fresh database with the people of a world, spoken to over HTTP.

The world is told as it happened: each of its statements is posted at its own time, so the service's leaves
are the world's leaves, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from starlette.testclient import TestClient
from stdnum.cn import ric

from issuers.acts.classes import InstitutionAccredited, PolicyPublished, StandardPublished
from issuers.acts.parties import BodyAppointed, OfficerDismissed
from issuers.authority.party_facts import Officer, officer_key
from issuers.base64url import to_b64
from issuers.identifiers.identity import IdNumber, IdType
from issuers.request import sign_request
from issuers.sign.answers import Prepared, PreparedItem, read_prepared
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import Certified, certify
from ledger import cbor
from ledger.commitment import encode_opening
from ledger.cose import Claims
from ledger.statement import uuid7
from ledger.store import read_head
from registry.clock import Clock
from registry.http.app import create_app
from registry.published.policy_file import write_names
from registry.published.publishing import Publisher
from registry.secrets import SYMMETRIC, encode_secret, read_secrets
from registry.service import Service, assemble
from registry.settings import Settings
from registry.storage.database import Database
from registry.storage.facts import TableView
from registry.storage.secret_marks import write_marks
from registry.storage.tables import staff
from tests import loop
from tests.world import World
from tests.world_parts import BODY, FIRST, INSTITUTION, LAST, PROJECT, STANDARD, STANDARD_ID, seeded
from verify.subsidy.policy import POLICY_DEMO

POLICY_ID = POLICY_DEMO.id


class Hands:
    """The hands of a clock, in milliseconds; moved by the test."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.steady_ms = 0

    def set(self, now_ms: int) -> None:
        """Time passes, on both clocks."""
        self.steady_ms += now_ms - self.now_ms
        self.now_ms = now_ms

    def clock(self) -> Clock:
        return Clock(lambda: self.now_ms * 10**6, lambda: self.steady_ms * 10**6)


@dataclass
class Stage:
    """`world` and the service that has heard the first `heard` of its statements."""

    world: World
    service: Service
    hands: Hands
    client: TestClient
    heard: int = 0

    # Time and the log.

    def publish(self) -> int:
        """Publishes; answers with the size."""
        checkpoint = Publisher(self.service).run_once()
        assert checkpoint is not None
        return checkpoint.size

    def tell(self) -> None:
        """Posts what the world said since the last time, each statement at its own time."""
        while self.heard < len(self.world.said):
            statement = self.world.said[self.heard]
            self.hands.set(self.world.times[self.heard])
            openings = [encode_opening(one) for one in self.world.openings.get(statement.hash, [])]
            answer = self.post(statement.raw, openings)
            assert answer.status_code == 200, answer.text
            assert answer.json()["results"][0]["seq"] == self.heard
            self.heard += 1
        self.hands.set(max(self.world.now, self.hands.now_ms))

    def size(self) -> int:
        """Leaves in the log."""
        with self.service.database.reading() as connection:
            return read_head(connection, self.service.origin).size

    def count(self, table: sa.Table) -> int:
        """Rows in a table."""
        with self.service.database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    # Asking.

    def post(
        self,
        raw: bytes,
        openings: Sequence[bytes] = (),
        attachment: bytes | None = None,
        path: str = "/api/statements",
    ) -> httpx.Response:
        """One bare statement."""
        return self.client.post(path, json=item(raw, openings, attachment))

    def post_batch(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """A batch; answers with the results."""
        answer = self.client.post("/api/statements", json={"items": list(items)})
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        assert len(results) == len(items)
        return results

    def ask(
        self,
        path: str,
        name: str,
        who: str,
        subject: str,
        body: Mapping[str, cbor.Value],
        **claimed: Any,
    ) -> httpx.Response:
        """A signed request by one of the world's people, signed now."""
        return self.client.post(
            path, json={"request": to_b64(self.request(name, who, subject, body, **claimed))}
        )

    def request(
        self, name: str, who: str, subject: str, body: Mapping[str, cbor.Value], **claimed: Any
    ) -> bytes:
        person = self.world.people[who]
        cti = uuid7(time_ms=self.hands.now_ms, randomness=os.urandom(10))
        claims = {
            "iss": person.party,
            "sub": subject,
            "aud": self.world.origin,
            "iat": self.hands.now_ms // 1000,
            "cti": cti,
            **claimed,
        }
        return sign_request(person.signer, name=name, claims=Claims(**claims), body=body)

    # Certificates.

    @property
    def class_subject(self) -> str:
        return f"class/{self.world.class_id.hex()}"

    def prepare(self, batch: bytes = b"b" * 16, who: str = "signatory") -> httpx.Response:
        """A prepare request for the class."""
        return self.ask(
            "/api/certificates/prepare", "certificates", who, self.class_subject, {"batch": batch}
        )

    def prepared(self, batch: bytes = b"b" * 16) -> Prepared:
        answer = self.prepare(batch)
        assert answer.status_code == 200, answer.text
        return read_prepared(answer.json())

    def certify(self, prepared: Prepared, one: PreparedItem) -> Certified:
        """What `malan-sign issue` makes of a prepared item."""
        speaker = Speaker(self.world.people["signatory"].signer, BODY, self.world.origin)
        return certify(
            speaker,
            prepared,
            one,
            record_key=os.urandom(32),
            now_ms=self.hands.now_ms,
            fresh=os.urandom(10),
        )

    def issue_all(self) -> list[Certified]:
        """A certificate for everybody who passed."""
        prepared = self.prepared()
        made = [self.certify(prepared, one) for one in prepared.items]
        results = self.post_batch([parcel_item(one) for one in made])
        assert [one["status"] for one in results] == ["appended"] * len(made), results
        return made

    def holder(self, certified: Certified) -> Mapping[str, Any]:
        """The roster values of whoever a certificate is for."""
        for one in self.world.trainees:
            if one.candidate == certified.item.candidate:
                return one.fields
        raise AssertionError("nobody of this world")

    def close(self) -> None:
        self.client.close()
        self.service.close()


def item(raw: bytes, openings: Sequence[bytes] = (), attachment: bytes | None = None) -> dict[str, Any]:
    """An item of POST /api/statements."""
    told: dict[str, Any] = {"statement": to_b64(raw), "openings": [to_b64(one) for one in openings]}
    if attachment is not None:
        told["attachment"] = to_b64(attachment)
    return told


def parcel_item(certified: Certified) -> dict[str, Any]:
    parcel = certified.parcel
    return item(parcel.statement, parcel.openings, parcel.attachment)


def raise_stage(settings: Settings, world: World, *, founded: bool) -> Stage:
    """The stage on a migrated database; a new one unless `founded`, which goes on with what is there."""
    settings = settings.model_copy(update={"limit_factor": 1_000})  # limits have a test of their own
    hands = Hands(world.times[0] if not founded else world.now)
    if not founded:
        write_secrets(settings, world)
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    secrets = read_secrets(settings.secret_file)
    if not founded:
        with database.transaction() as connection:
            write_marks(connection, secrets)
    service = assemble(settings, database, secrets, clock=hands.clock(), origin=world.origin)
    if not founded:
        write_names(service)
        service.lock.create()
    client = loop.client(create_app(service))
    return Stage(world, service, hands, client, len(world.said) if founded else 0)


def write_secrets(settings: Settings, world: World) -> None:
    """The world's own service keys, so that its service-key acts enrol what this service signs with."""
    for purpose, signer in world.service.items():
        write_secret(settings.secret_file(purpose), purpose, signer.pkcs8())
    for purpose in SYMMETRIC:
        write_secret(settings.secret_file(purpose), purpose, seeded(f"secret {purpose}", 32))


def write_secret(path: Path, purpose: str, secret: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_secret(purpose, secret))
    path.chmod(0o600)


def know_staff(service: Service, world: World) -> None:
    """Gives the people of the world the staff ids they already have, as POST /api/staff would have."""
    with service.database.transaction() as connection:
        known = set(connection.execute(sa.select(staff.c.staff)).scalars())
        for one in {person.staff: person for person in world.people.values()}.values():
            if one.staff not in known:
                document = officer_document(one.name)
                person = service.people.find_or_add(connection, document)
                plain = cbor.encode([document.type.value, document.number, one.name])
                sealed = service.people.seal(connection, person, plain, table="staff", place=(one.staff,))
                row = {"staff": one.staff, "person": person, "party": one.party, "sealed": sealed}
                connection.execute(sa.insert(staff).values(row))


def officer_document(name: str) -> IdNumber:
    """An invented document of an officer."""
    day = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    body = f"310101{1960 + day % 40}{1 + day // 40 % 12:02d}{1 + day // 480 % 28:02d}000"
    return IdNumber(IdType.RESIDENT_ID, body + ric.calc_check_digit(f"{body}0"))


def with_standard(world: World) -> World:
    """As `World.with_standard`, with a policy the subsidy desk can read."""
    world.say(
        "standard-published", "standards", f"standard/{STANDARD_ID}", StandardPublished(STANDARD.to_body())
    )
    world.say_two("policy-published", f"policy/{POLICY_ID}", PolicyPublished(POLICY_DEMO.to_body()))
    world.say_two("body-appointed", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, LAST))
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    world.say("institution-accredited", "supervisor-310104", subject, InstitutionAccredited(FIRST, LAST))
    return world


def dismissal(stage: Stage, name: str = "evaluator-3") -> bytes:
    """A small act that anybody's admin may say."""
    subject = f"officer/{stage.world.people[name].staff.hex()}"
    return stage.world.sign("officer-dismissed", f"admin-{BODY}", subject, OfficerDismissed("left"))


def is_dismissed(stage: Stage, name: str) -> bool:
    with stage.service.database.reading() as connection:
        key = officer_key(BODY, stage.world.people[name].staff)
        officer = TableView(connection).get(Officer, key)
    assert officer is not None
    return officer.dismissed_ms is not None
