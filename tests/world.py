"""A whole registry in memory: its people and keys, what they said, the facts it adds up to, its exports.

Promises: no I/O (only `publish` writes, into the folder it is given), no clock and no randomness of its own:
the same calls give the same bytes. Nothing enters a world except through the judge, so every world is one
that the service could have. Whoever wants a lie makes it with `sign` and tells it with `refuse`, or changes
`leaves`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from issuers.acts.words import COMMITTED
from issuers.authority.judge import admit
from issuers.authority.party_facts import Key
from issuers.authority.view import MemoryView
from issuers.carried import TRUST, Form
from issuers.enrolment import sign_enrolment
from issuers.evidence_document import Evidence
from issuers.shape import to_map
from ledger.checkpoint import Cosigner
from ledger.commitment import Opening, commit
from ledger.cose import Claims
from ledger.errors import MalanError
from ledger.keys import EDDSA, ES256, PublicKey, Signer, SoftwareSigner, from_seed, public_key
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash
from ledger.statement import Statement, parse_statement, sign_statement, uuid7
from tests import world_exports, world_stages
from tests.world_parts import ORIGIN, START, Certificate, Person, Trainee, millis, seeded


@dataclass
class World:
    """See the module text. `now` is the time of the next leaf in milliseconds; each leaf adds a second.

    `openings` by statement hash; `said` holds the statement of each leaf.
    """

    origin: str = ORIGIN
    now: int = millis(START)
    view: MemoryView = field(default_factory=MemoryView)
    leaves: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    said: list[Statement] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    service: dict[str, SoftwareSigner] = field(default_factory=dict)
    openings: dict[bytes, list[Opening]] = field(default_factory=dict)
    trainees: list[Trainee] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    class_id: bytes = b""
    claim_id: bytes = b""
    drawn: int = 0

    # Stages, each a world that could be: they run in this order, and each answers with the world itself.

    @classmethod
    def founded(cls) -> World:
        """Genesis, service keys, 16 districts, a body, an institution, and all their officers in office."""
        return _founded().copy()

    def with_rivals(self) -> World:
        """A second body, a second institution (in 310101) and an operator: whoever may not, but would."""
        return world_stages.rivals(self)

    def with_standard(self) -> World:
        """Sixteen witnesses, standard and policy, the body appointed, the institution accredited."""
        return world_stages.standard(self)

    def with_class(self) -> World:
        """A class opened, taught on three days; the clock stands at the end of the third."""
        return world_stages.class_opened(self)

    def with_results(self) -> World:
        """Roster, two sheets, confirmed: all but one trainee passed."""
        return world_stages.results(self)

    def with_certificates(self) -> World:
        """A real credential for each who passed."""
        return world_stages.certificates(self)

    def with_claim(self) -> World:
        """The first holder's claim, taken in at the counter of 310101, not yet decided."""
        return world_stages.claim(self)

    def copy(self) -> World:
        """A world that goes its own way from here."""
        other = World()
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            setattr(other, item.name, value.copy() if isinstance(value, list | dict) else value)
        other.view = MemoryView()
        other.view.facts = dict(self.view.facts)
        return other

    # People and keys.

    def draw(self, size: int) -> bytes:
        """The next randomness of this world."""
        self.drawn += 1
        return seeded(f"draw {self.drawn}", size)

    def person(self, name: str, party: str) -> Person:
        """A person not yet known; their key is their own, their staff id only their name's."""
        signer = from_seed(ES256, seeded(f"key of {name} at {party}", 48))
        return Person(name, party, seeded(f"staff {name}", 16), signer)

    def new_key(self, label: str, alg: int = ES256) -> SoftwareSigner:
        """A key nobody has enrolled."""
        return from_seed(alg, seeded(f"new key {label}", 48 if alg == ES256 else 32))

    def enrolment(self, signer: Signer, party: str, sub: str, /, **changed: Any) -> bytes:
        """Proof of possession, as of now; `changed` replaces claims (iss, sub, aud, iat)."""
        claims = Claims(party, sub, self.origin, self.now // 1000, self._cti())
        return sign_enrolment(signer, dataclasses.replace(claims, **changed))

    def enrol(self, person: Person) -> bytes:
        """Proof of possession of a person's own key."""
        return self.enrolment(person.signer, person.party, f"officer/{person.staff.hex()}")

    def key_of(self, kid: bytes) -> PublicKey:
        """The enrolled key."""
        key = self.view.facts[Key, kid.hex()]
        assert isinstance(key, Key)
        return public_key(key.alg, key.spki)

    # Saying things.

    def sign(
        self,
        kind: str,
        signer: str | Person,
        subject: str,
        body: Any,
        *,
        at: datetime | int | None = None,
        **claimed: Any,
    ) -> bytes:
        """A statement, told to nobody. `body` is an act or a map; `claimed` overrides iss, aud, iat, cti, or
        `version` and `key` (another signer than the person's own)."""
        who = self.people[signer] if isinstance(signer, str) else signer
        version, key = claimed.pop("version", 1), claimed.pop("key", who.signer)
        claims = Claims(who.party, subject, self.origin, self._time(at) // 1000, self._cti(at))
        claims = dataclasses.replace(claims, **claimed)
        document = to_map(body) if dataclasses.is_dataclass(body) else body
        return sign_statement(key, kind=kind, version=version, claims=claims, body=document)

    def say(
        self,
        kind: str,
        signer: str | Person,
        subject: str,
        body: Any,
        *,
        at: datetime | int | None = None,
        openings: Sequence[Opening] = (),
        **claimed: Any,
    ) -> Statement:
        """Signs, admits, appends. Raises what the judge raises; then nothing has changed."""
        return self.hear(self.sign(kind, signer, subject, body, at=at, **claimed), at=at, openings=openings)

    def hear(
        self, raw: bytes, *, at: datetime | int | None = None, openings: Sequence[Opening] = ()
    ) -> Statement:
        """Admits and appends signed bytes, as the service does."""
        time_ms = self._time(at)
        assert time_ms >= (self.times[-1] if self.times else 0), "the time of leaves never goes back"
        statement = parse_statement(raw)
        self.view.put(admit(self.view, statement, seq=len(self.leaves), time_ms=time_ms))
        prev = leaf_hash(self.leaves[-1]) if self.leaves else first_prev(self.origin)
        self.leaves.append(encode_leaf(Leaf(len(self.leaves), time_ms, prev, raw)))
        self.times.append(time_ms)
        self.said.append(statement)
        self.now = time_ms + 1000
        if openings:
            self.openings[statement.hash] = list(openings)
        return statement

    def approve(self, statement: Statement, approver: str | Person, **options: Any) -> Statement:
        """A second officer's yes."""
        return self.say("approve", approver, f"statement/{statement.hash.hex()}", {}, **options)

    def say_two(
        self, kind: str, subject: str, body: Any, *, signer: str = "root-1", approver: str = "root-2"
    ) -> Statement:
        """An act of the city that two of its officers stand behind; answers with the act itself."""
        statement = self.say(kind, signer, subject, body)
        self.approve(statement, approver)
        return statement

    def refuse(
        self, code: str, kind: str, signer: str | Person, subject: str, body: Any, **options: Any
    ) -> None:
        """The act is refused with exactly this code, and nothing has changed."""
        self.refuse_raw(code, self.sign(kind, signer, subject, body, **options), at=options.get("at"))

    def refuse_raw(self, code: str, raw: bytes, *, at: datetime | int | None = None) -> None:
        """As `refuse`, for signed bytes."""
        facts, size = dict(self.view.facts), len(self.leaves)
        with pytest.raises(MalanError) as caught:
            self.hear(raw, at=at)
        assert caught.value.code == code, f"expected {code}, got {caught.value}"
        assert self.view.facts == facts
        assert len(self.leaves) == size

    def commit(
        self, kind: str, people: Sequence[Mapping[str, Any]]
    ) -> tuple[tuple[dict[str, bytes], ...], list[Opening]]:
        """Entries of an act and the openings beside them, in the order the rules ask for."""
        openings = [Opening(self.draw(32), fields) for fields in people]
        first = COMMITTED[kind][0]
        pairs = sorted(((commit(one), one) for one in openings), key=lambda pair: pair[0][first])
        return tuple(entry for entry, _ in pairs), [opening for _, opening in pairs]

    # What the world gives out; the work is in `tests.world_exports`.

    @property
    def credentials(self) -> list[bytes]:
        """The credential bytes, in the order of issue."""
        return [item.credential for item in self.certificates]

    @property
    def qr_texts(self) -> list[str]:
        """The texts of the QR codes, in the order of issue."""
        return [item.qr for item in self.certificates]

    @property
    def witnesses(self) -> list[Cosigner]:
        """The witness of each district."""
        return world_exports.witnesses()

    def checkpoint(self, *, size: int | None = None, cosigned: int = 11) -> bytes:
        """The signed note of the first `size` leaves with the cosignatures of so many witnesses."""
        return world_exports.checkpoint(self, size=size, cosigned=cosigned)

    def policy(self) -> bytes:
        """The tlog-policy: this log, sixteen witnesses, a quorum of eleven."""
        return world_exports.policy(self)

    def proof(self, seq: int, *, size: int | None = None, cosigned: int = 11) -> bytes:
        """The `.tlog-proof` of a leaf, which stands in its `extra` line."""
        return world_exports.proof(self, seq, size=size, cosigned=cosigned)

    def receipt(self, seq: int) -> bytes:
        """The service's receipt for a leaf."""
        return world_exports.receipt(self, seq)

    def status_list(self, number: int = 1, *, ttl: int = 43_200) -> bytes:
        """The signed status list CWT as of now."""
        return world_exports.status_list(self, number, ttl=ttl)

    def bundle(self, form: Form = TRUST, **changed: Any) -> bytes:
        """trust.cbor or acts.cbor as of now; `changed` replaces fields of `Bundle` before it is signed."""
        return world_exports.bundle(self, form, **changed)

    def evidence(self) -> Evidence:
        """Everything about the class, as a supervisor of its district gets it."""
        return world_exports.evidence(self)

    def publish(self, directory: Path, *, cosigned: int = 11) -> None:
        """Writes the log's files; the one place of a world that touches a disk."""
        world_exports.publish_files(self, directory, cosigned=cosigned)

    def _time(self, at: datetime | int | None) -> int:
        if at is None:
            return self.now
        return at if isinstance(at, int) else millis(at)

    def _cti(self, at: datetime | int | None = None) -> bytes:
        return uuid7(time_ms=self._time(at), randomness=self.draw(10))


@lru_cache(maxsize=1)
def _founded() -> World:
    world = World()
    for purpose, alg in (("checkpoint", EDDSA), ("receipt", ES256), ("status", ES256)):
        world.service[purpose] = from_seed(alg, seeded(f"service {purpose}", 48 if alg == ES256 else 32))
    return world_stages.founded(world)
