"""Door: builds the demo world in a folder, then verifies and audits it, as `malan demo` does.

The world goes through the same doors as production: key files, desks, HTTP, judge, publisher. Nothing is
written but below the folder, which must be empty or absent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from issuers.authority.case import shanghai_date
from issuers.files import create_file
from issuers.sign.desk.issuing import Issued
from ledger.errors import Refused
from registry.clock import Clock
from registry.demo.cast import cast
from registry.demo.office import Office
from registry.demo.running import Running
from registry.demo.setup import Setup, genesis
from registry.demo.story import Told, tell
from registry.fsck.kept import keep
from registry.fsck.run import check as fsck
from registry.initialise import initialise
from registry.persons.evidence import export_for_operator
from registry.published.publishing import Publisher
from registry.settings import SETTINGS_FILE, Settings, read_settings
from verify.audit.report import AuditReport
from verify.audit.run import Asked, audit
from verify.check import check
from verify.evidence import Evidence
from verify.source import DirectorySource
from verify.trust import open_trust
from verify.verdict import State, Verdict

ORIGIN = "log.malan.example/demo-"  # and a random end: a verifier pins one genesis for each origin
DEFAULT_URL = "http://127.0.0.1:8000"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """One certificate and what an offline verifier says of it, without and with its proof."""

    issued: Issued
    alone: Verdict
    proved: Verdict


@dataclass(frozen=True, slots=True)
class Demo:
    """The finished world."""

    home: Path
    origin: str
    url: str
    genesis: str
    database: str
    told: Told
    checked: tuple[Checked, ...]
    audit: AuditReport
    fsck_departures: int
    evidence: Path


def build(home: Path, *, trainees: int, public_url: str, say: Say, clock: Clock | None = None) -> Demo:
    """The world in `home`. Raises Refused HOME_NOT_EMPTY, and whatever goes wrong on the way."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        fix = "Remove it or choose another."
        raise Refused("HOME_NOT_EMPTY", "the folder is not empty", where="--home", fix=fix)
    clock = clock or Clock()
    today = shanghai_date(clock.now_ms())
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings_file = f"MALAN_QR_ORIGIN={public_url}\n".encode()
    create_file(home / SETTINGS_FILE, settings_file, mode=0o644)
    office = Office(home, ORIGIN + os.urandom(4).hex(), clock)
    say("genesis: three keys of the city, two of them sign")
    made = initialise(read_settings(home=home), genesis(office, clock), clock=clock)
    publisher = Publisher(made.service)

    def publish() -> None:
        publisher.run_once()

    try:
        with Running(made.service) as server:
            office.open_desks(server, later=public_url)
            say("parties: the city, sixteen districts, an evaluation body, an institution, their people")
            setup = Setup(office, cast(), today)
            setup.run(made.enrolments)
            publish()
            say(f"a class of {trainees}: roster, two score sheets, confirmation, certificates, a claim")
            told = tell(office, setup.staff, publish, today=today, trainees=trainees)
        evidence = home / "evidence" / f"{told.class_id.hex()}.json"
        evidence.parent.mkdir(mode=0o700)
        create_file(evidence, export_for_operator(made.service, told.class_id), mode=0o600)
        say("looking back: every certificate verified offline, the chain audited with the evidence")
        found = fsck(made.service)
        keep(home, found, now_ms=clock.now_ms())
        departures = len(found.departures)
    finally:
        office.close()
        made.service.close()
    return _look_back(made.service.settings, told, evidence, departures, clock)


def _look_back(settings: Settings, told: Told, evidence: Path, departures: int, clock: Clock) -> Demo:
    """What a stranger and a supervisor find with the files alone."""
    home, url = settings.home, settings.qr_origin
    raw = (home / "trust.cbor").read_bytes()
    trust = open_trust(raw, pin=None)
    assert told.report is not None
    checked = []
    for issued in told.report.issued:
        assert issued.folder is not None
        text = (issued.folder / "qr.txt").read_text().strip()
        proof = (issued.folder / "certificate.tlog-proof").read_bytes()
        now = clock.now_ms() // 1000
        alone = check(Evidence(text=text), trust, now=now)
        checked.append(Checked(issued, alone, check(Evidence(text=text, proof=proof), trust, now=now)))
    asked = Asked(at_ms=clock.now_ms(), place="log", trust=raw, evidence=(evidence.read_bytes(),))
    report = audit(DirectorySource(home / "log"), asked)
    genesis_hash = trust.genesis.hex()
    database = settings.database_url
    return Demo(
        home, trust.origin, url, genesis_hash, database, told, tuple(checked), report, departures, evidence
    )


def document(demo: Demo) -> dict[str, Any]:
    """The one document of `malan demo --json`: where everything lies."""
    home = demo.home
    certificates = [
        {
            "number": one.issued.number,
            "folder": str(one.issued.folder),
            "state": one.proved.state.value,
            **{
                key: str(one.issued.folder / name)
                for key, name in (
                    ("credential", "credential.cose"),
                    ("qr", "qr.txt"),
                    ("card", "card.png"),
                    ("proof", "certificate.tlog-proof"),
                    ("pdf", "certificate.pdf"),
                )
                if one.issued.folder is not None
            },
        }
        for one in demo.checked
    ]
    return {
        "home": str(home),
        "origin": demo.origin,
        "public_url": demo.url,
        "genesis": demo.genesis,
        "database": demo.database,
        "log": str(home / "log"),
        "log_vkey": str(home / "log.vkey"),
        "policy": str(home / "policy.txt"),
        "trust": str(home / "trust.cbor"),
        "keys": str(home / "keys"),
        "class": demo.told.class_id.hex(),
        "trainees": len(demo.told.people),
        "evidence": str(demo.evidence),
        "certificates": certificates,
        "revoked": demo.told.revoked,
        "claim": demo.told.claim.hex(),
        "audit": {"state": demo.audit.state.value, "size": demo.audit.log.size if demo.audit.log else 0},
        "fsck_departures": demo.fsck_departures,
        "sound": is_sound(demo),
    }


def is_sound(demo: Demo) -> bool:
    """Whether everything came out as the story means it to: all valid but the revoked one, audit clean."""
    right = all(
        one.proved.state is (State.REVOKED if one.issued.number == demo.told.revoked else State.VALID)
        and one.alone.state is one.proved.state
        for one in demo.checked
    )
    return right and demo.audit.exit_code == 0 and demo.fsck_departures == 0
