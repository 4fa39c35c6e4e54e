"""A service in full life, and around it those who need not trust it: a body with its receipts, a district
with the checkpoint it kept, a witness with its memory. Every attack gets its own, as it was before."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from issuers.sign.client import Client
from issuers.sign.desk import Desk as Signing
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import Certified
from issuers.sign.home import Config
from issuers.sign.home import Home as SigningHome
from issuers.sign.outbox import Outbox
from issuers.sign.parcel import Parcel
from ledger.note import NoteKey
from ledger.policy import Group, Log, Policy, Witness, render_policy
from registry.service import note_signer
from registry.settings import Settings
from tests.ground import Ground
from tests.registry.conftest import Template
from tests.registry.desk import Desk
from tests.registry.stage import Stage, raise_stage
from tests.world import World
from tests.world_parts import BODY, moment, seeded
from verify.source import DirectorySource
from verify.witness import home as witness_home
from verify.witness.pulling import pull

SHOWN = ("log", "status", "trust.cbor", "acts.cbor", "lock-store")
DAY = 86_400_000
SUSPENDED = "certificate-suspended"


@dataclass
class Scene:
    """One copy. `shown` is the home whose `log` and `trust.cbor` strangers are shown: the service's own,
    until somebody shows them another. `receipts` is False where the body throws its own away."""

    stage: Stage
    folder: Path
    certified: list[Certified]
    shown: Path
    put_back: Callable[[], None]
    put_back_old: Callable[[], None]
    receipts: bool = True

    @property
    def home(self) -> Path:
        return self.stage.service.settings.home

    @property
    def log_key(self) -> NoteKey:
        return note_signer(self.stage.service).key

    @property
    def genesis(self) -> bytes:
        return self.stage.world.said[0].hash

    def witness(self) -> witness_home.Home:
        """The district's own machine."""
        return witness_home.open_home(self.folder / "witness")

    def kept(self) -> bytes:
        """The cosigned checkpoint the district kept."""
        return self.witness().cosigned(self.stage.world.origin).read_bytes()

    def policy(self) -> bytes:
        """This log and this witness."""
        known = Witness("district", self.witness().witness.cosigner.key)
        return render_policy(Policy((Log(self.log_key),), (known,), (Group("all", 1, ("district",)),), "all"))

    def cosign(self, *, mirror: bool = True) -> None:
        """The witness looks at what is shown, mirrors and cosigns it. Raises what it refuses."""
        source, hands = DirectorySource(self.shown / "log"), self.stage.hands
        progress = (lambda _done, _total: None) if mirror else None
        pull(
            self.witness(), self.stage.world.origin, source, now=lambda: hands.now_ms // 1000, mirror=progress
        )

    def reopen(self) -> None:
        """A service that knows only what is on disk: who changes files under a running one restarts it."""
        settings, now, heard = self.stage.service.settings, self.stage.hands.now_ms, self.stage.heard
        self.stage.close()
        self.stage = raise_stage(settings, self.stage.world, founded=True)
        self.stage.hands.set(now)
        self.stage.heard = heard

    def exchange(self, put_back: Callable[[], None], shown: Path) -> None:
        """Database and published files are those of another time."""
        self.stage.service.database.close()
        put_back()
        copy_shown(shown, self.home)
        self.reopen()

    @contextmanager
    def body(self, who: str = "signatory") -> Iterator[Signing]:
        """The body's own program at work, with its outbox."""
        stage, number = self.stage, count()
        person = stage.world.people[who]
        home = SigningHome(self.folder / who)
        runs = seeded(f"{stage.hands.now_ms}", 8).hex()
        transport = stage.client._transport
        with (
            Client("http://127.0.0.1:8000", sleep=lambda _: None, transport=transport) as client,
            Outbox(home.outbox) as outbox,
        ):
            yield Signing(
                home=home,
                config=Config(server="http://127.0.0.1:8000", party=BODY, origin=stage.world.origin),
                speaker=Speaker(person.signer, BODY, stage.world.origin),
                client=client,
                outbox=outbox,
                clock=lambda: stage.hands.now_ms,
                fresh=lambda size: seeded(f"{runs} {next(number)}", size),
            )

    def say(self, kind: str, place: int, reason: str = "ordered") -> None:
        """The signatory says it of a certificate, a second later, and keeps the receipt."""
        self.stage.hands.set(self.stage.hands.now_ms + 1_000)
        subject = f"certificate/{self.certified[place].item.certificate.hex()}"
        with self.body() as desk:
            desk.post("life", Parcel(desk.say(kind, subject, {"reason": reason})))


def copy_shown(source: Path, target: Path) -> None:
    """What is published and the lock store, in the place of what is there."""
    target.mkdir(parents=True, exist_ok=True)
    for name in SHOWN:
        if (target / name).is_dir():
            shutil.rmtree(target / name)
        (target / name).unlink(missing_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        elif (source / name).exists():
            shutil.copy2(source / name, target / name)


@dataclass
class Before:
    """How everything stood before any attack, to be copied."""

    settings: Settings
    world: World
    now_ms: int
    folder: Path
    certified: list[Certified]
    put_back: Callable[[], None]
    put_back_old: Callable[[], None]

    def scene(self, folder: Path) -> Scene:
        """Everything as it was; the database is the same one, put back, so one scene at a time."""
        self.put_back()
        copy_shown(self.folder / "shown", self.settings.home)
        for name in ("witness", "signatory"):
            shutil.copytree(self.folder / name, folder / name)
        shutil.copytree(self.folder / "old", folder / "old")
        stage = raise_stage(self.settings, self.world.copy(), founded=True)
        stage.hands.set(self.now_ms)
        return Scene(stage, folder, self.certified, self.settings.home, self.put_back, self.put_back_old)


def lived(ground: Ground, template: Template, place: Path) -> Before:
    """Certificates issued one by one, an old backup taken; then a claim, suspensions, a revocation; all of it
    published and witnessed, and two days gone by."""
    settings = ground.copy(template.settings, place / "home")
    stage = raise_stage(settings, template.world.copy(), founded=True)
    stage.hands.set(moment(13, 10))
    stage.world.now = moment(13, 10)
    scene = Scene(stage, place, [], settings.home, lambda: None, lambda: None)
    prepared = stage.prepared()
    for one in prepared.items:
        stage.hands.set(stage.hands.now_ms + 1_000)
        made = stage.certify(prepared, one)
        with scene.body() as desk:
            desk.post("issue", made.parcel)
        scene.certified.append(made)
    stage.publish()
    witness_home.create(
        place / "witness",
        name="witness.example/310104",
        logs=Policy((Log(scene.log_key),), (), (), "none"),
        seed=seeded("the witness of the matrix", 32),
    )
    stage.service.database.close()
    put_back_old = ground.keep(settings)
    copy_shown(settings.home, place / "old")
    claims = Desk(stage, scene.certified)
    assert claims.submit(claims.claim(claims.prepared())).status_code == 200
    for kind, which in (
        (SUSPENDED, 1),
        ("certificate-restored", 1),
        (SUSPENDED, 1),
        ("certificate-revoked", 2),
    ):
        scene.say(kind, which)
    stage.publish()
    scene.cosign()
    copy_shown(settings.home, place / "shown")
    stage.close()
    put_back = ground.keep(settings)
    return Before(
        settings, stage.world, stage.hands.now_ms + 2 * DAY, place, scene.certified, put_back, put_back_old
    )
