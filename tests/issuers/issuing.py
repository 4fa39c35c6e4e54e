"""What the tests of issuing share: a run of `issue`, and what must be true after any number of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from issuers.authority.class_facts import CertificateFact, Passed
from issuers.credential import parse_credential
from issuers.qr import parse_text
from issuers.sign.desk.issuing import IssueReport, issue
from ledger.proof import parse_proof
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.world import World
from tests.world_parts import HOST, moment

STATEMENTS = "/api/statements"


def confirmed_class() -> FakeService:
    """A confirmed class; the service's clock stands on the next morning."""
    world = World.founded().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    return FakeService(world)


def passed_of(fake: FakeService) -> list[Passed]:
    return fake.world.view.all(Passed)


def run(fake: FakeService, folder: Path, **options: Any) -> IssueReport:
    with desk_of(fake, "signatory", folder) as desk:
        return issue(desk, fake.world.class_id, **{"cards": False, **options})


def need_sound(fake: FakeService, folder: Path) -> None:
    """Everybody who passed has exactly one certificate, whose folder holds the very bytes of the log."""
    facts = fake.world.view.all(CertificateFact)
    assert sorted(fact.candidate for fact in facts) == sorted(one.candidate for one in passed_of(fake))
    issued = [item for item in fake.world.said if item.kind == "certificate-issued"]
    assert len(issued) == len(facts) == len({fact.status_index for fact in facts})
    folders = sorted((folder / "signatory" / "certificates").iterdir())
    assert len(folders) == len(facts)
    for one in folders:
        credential = (one / "credential.cose").read_bytes()
        text = (one / "qr.txt").read_text().removesuffix("\n")
        claims = parse_credential(credential).claims
        assert claims.number == one.name
        assert parse_text(text, hosts=frozenset({HOST})).credential == credential
        proof = parse_proof((one / "certificate.tlog-proof").read_bytes())
        assert proof.extra == fake.world.leaves[proof.index]
