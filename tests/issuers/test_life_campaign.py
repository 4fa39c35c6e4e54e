"""Random lives of a certificate: nothing that ended comes back (assurance F18).

1,000 histories as a rule, 100,000 with MALAN_CAMPAIGN=full. Each is made of acts by right and wrong people,
in any order and at any time, keys revoked and found compromised among them; the judge decides each, a second
model says what it should have decided, and every place of the status list is looked at after each act.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from issuers.acts.certificates import (
    CertificateCancelled,
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
)
from issuers.acts.parties import KeyRevoked
from issuers.acts.reasons import CancellationReason
from issuers.acts.words import Duty, RevocationCause
from issuers.authority import judge as judge_module
from issuers.authority import life_rules
from issuers.authority.case import Case, shanghai_date
from issuers.authority.class_facts import CertificateFact, FormerVersion, State, version_key
from issuers.authority.judge import judge
from issuers.authority.party_facts import Key
from issuers.authority.view import Fact, MemoryView
from issuers.status import REVOKED, SUPERSEDED, VALID, value_of
from ledger.errors import MalanError
from ledger.statement import Statement
from tests.issuers.authority_worlds import a_correction, a_version, ready
from tests.world import World
from tests.world_parts import BODY
from tests.world_steps import appoint

HISTORIES = 100_000 if os.environ.get("MALAN_CAMPAIGN") == "full" else 1_000
MOVES = ("suspended", "restored", "revoked", "cancelled", "corrected", "reissued", "key")
LEADS = {
    "suspended": {State.VALID: State.SUSPENDED},
    "restored": {State.SUSPENDED: State.VALID},
    "revoked": {State.VALID: State.REVOKED, State.SUSPENDED: State.REVOKED},
    "cancelled": {State.VALID: State.CANCELLED, State.SUSPENDED: State.CANCELLED},
    "corrected": {State.VALID: State.VALID},
    "reissued": {State.VALID: State.VALID},
}
"""What an act by the right person makes of each state; a state that is not named refuses it."""

SIGNERS = ("signatory", "second", "rival-signatory", "evaluator-1")


@lru_cache(maxsize=1)
def start() -> World:
    world = ready("issued")
    appoint(world, "second", BODY, Duty.SIGNATORY)
    return world


@dataclass
class History:
    """One life: the judge's facts, the model's state, and what each place of a version said last."""

    random: Random
    view: MemoryView
    now: int
    seq: int
    state: State = State.VALID
    versions: int = 1
    said: dict[tuple[int, int], int] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, seed: int) -> History:
        world, view = start(), MemoryView()
        view.facts = dict(world.view.facts)
        return cls(Random(seed), view, world.now, len(world.leaves))

    @property
    def fact(self) -> CertificateFact:
        found = self.view.get(CertificateFact, start().certificates[0].id.hex())
        assert found is not None
        return found

    def run(self) -> None:
        for _ in range(self.random.randint(3, 16)):
            self.now += self.random.choice((0, 1_000, 3_600_000, 86_400_000, 40 * 86_400_000))
            self.step(self.random.choice(MOVES))

    def step(self, move: str) -> None:
        if move == "key":
            self.revoke_a_key()
            return
        signer = self.random.choice(SIGNERS) if self.random.random() < 0.3 else "signatory"
        act, honest = self.act(move)
        kid = start().people[signer].signer.public.kid.hex()
        key = self.view.get(Key, kid)
        assert key is not None
        right = signer in ("signatory", "second") and key.revoked_seq is None and honest
        after = LEADS[move].get(self.state) if right else None
        taken = self.hear(f"certificate-{move}", signer, f"certificate/{self.fact.id.hex()}", act)
        assert taken is (after is not None), self.steps
        if after is not None:
            self.state = after
            self.versions += move in ("corrected", "reissued")
        self.check()

    def act(self, move: str) -> tuple[Any, bool]:
        """An act, and whether it says the truth about the version in force."""
        if move in ("suspended", "restored", "revoked"):
            made = {"suspended": CertificateSuspended, "restored": CertificateRestored}
            return made.get(move, CertificateRevoked)("ordered"), True
        if move == "cancelled":
            return CertificateCancelled(CancellationReason.ERROR), True
        act, fact = template(move), self.fact
        place = 1_000 + self.seq
        digest = self.random.randbytes(32)
        act = replace(act, version=fact.version + 1, former=fact.credential, credential=digest)
        act = replace(act, status_index=place, version_on=shanghai_date(self.now))
        lie = self.random.random()
        if lie < 0.1:
            return replace(act, version=fact.version + self.random.choice((2, 3))), False
        if lie < 0.2:
            return replace(act, former=self.random.randbytes(32)), False
        return act, True

    def revoke_a_key(self) -> None:
        name = self.random.choice(("signatory", "second"))
        kid = start().people[name].signer.public.kid.hex()
        before = self.view.get(Key, kid)
        assert before is not None
        cause = self.random.choice(list(RevocationCause))
        since = self.now // 1000 - self.random.randint(0, 5 * 86_400)
        act = KeyRevoked(cause, since if cause is RevocationCause.COMPROMISED else None)
        self.hear("key-revoked", f"admin-{BODY}", f"key/{kid}", act)
        after = self.view.get(Key, kid)
        assert after is not None
        if before.revoked_seq is not None:
            assert after.revoked_seq == before.revoked_seq, self.steps
        if before.compromised_since is not None:
            assert after.compromised_since is not None
            assert after.compromised_since <= before.compromised_since, self.steps
        self.check()

    def hear(self, kind: str, signer: str, subject: str, act: Any) -> bool:
        who = start().people[signer]
        digest = self.random.randbytes(32)
        statement = Statement(
            raw=b"",
            hash=digest,
            kind=kind,
            version=1,
            alg=-7,
            kid=who.signer.public.kid,
            issuer=who.party,
            subject=subject,
            audience=start().origin,
            issued_at=self.now // 1000,
            cti=digest[:16],
            body={},
            message=None,  # type: ignore[arg-type]  # signatures have tests of their own
        )
        try:
            facts = judge(self.view, statement, seq=self.seq, time_ms=self.now, act=act)
        except MalanError as error:
            self.steps.append(f"{kind} by {signer}: {error.code}")
            return False
        self.view.put(facts)
        self.seq += 1
        self.steps.append(f"{kind} by {signer}")
        return True

    def check(self) -> None:
        """The model agrees, one version is in force, and no place of a list went back."""
        fact = self.fact
        assert (fact.state, fact.version) == (self.state, self.versions), self.steps
        assert fact.issued_on == start_fact().issued_on, self.steps
        now: dict[tuple[int, int], int] = {}
        for one in (*self.former(), fact):
            now[one.status_list, one.status_index] = value_of(one)
        standing = [place for place, value in now.items() if value == VALID]
        assert len(standing) == (self.state is State.VALID), self.steps
        if self.state in (State.REVOKED, State.CANCELLED):
            assert set(now.values()) == {REVOKED}, self.steps
        for place, value in self.said.items():
            if value == REVOKED:
                assert now[place] == REVOKED, self.steps
            if value == SUPERSEDED:
                assert now[place] in (SUPERSEDED, REVOKED), self.steps
        self.said = now

    def former(self) -> Iterator[FormerVersion]:
        for number in range(1, self.fact.version):
            one = self.view.get(FormerVersion, version_key(self.fact.id, number))
            assert one is not None
            yield one


@lru_cache(maxsize=2)
def template(move: str) -> Any:
    return a_correction(start().copy()) if move == "corrected" else a_version(start().copy())


def start_fact() -> CertificateFact:
    fact = start().view.get(CertificateFact, start().certificates[0].id.hex())
    assert fact is not None
    return fact


def test_no_history_brings_back_what_ended() -> None:
    ends, versions, refused = 0, 0, 0
    for seed in range(HISTORIES):
        history = History.begun(seed)
        history.run()
        ends += history.state in (State.REVOKED, State.CANCELLED)
        versions += history.versions > 2
        refused += sum(":" in step for step in history.steps)
    # The histories are about something: most end, many renew twice, and much is refused on the way.
    assert ends > HISTORIES // 3
    assert versions > HISTORIES // 20
    assert refused > HISTORIES


def back_from_revoked(case: Case, act: CertificateRestored) -> list[Fact]:
    """A judge that lets a restoration follow a revocation."""
    return [life_rules._moved(case, {State.SUSPENDED, State.REVOKED}, State.VALID, act.reason)]


def forgets_former(case: Case, act: CertificateRevoked) -> list[Fact]:
    """A judge that revokes the version in force only: a former one is told as superseded by a good one."""
    return [life_rules._moved(case, {State.VALID, State.SUSPENDED}, State.REVOKED, act.reason)]


def any_version(case: Case, act: Any) -> list[Fact]:
    """A judge that renews a certificate in any state, and gives it force."""
    facts = life_rules.certificate_renewed
    fact = case.view.get(CertificateFact, case.subject_id("certificate").hex())
    assert fact is not None
    view = MemoryView()
    view.facts = {**case.view.facts}  # type: ignore[attr-defined]  # a view in memory
    view.put([replace(fact, state=State.VALID)])
    return facts(replace(case, view=view), act)


BROKEN = {
    "certificate-revoked": forgets_former,
    "certificate-restored": back_from_revoked,
    "certificate-reissued": any_version,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_judge_that_lets_an_end_end_is_caught(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.setitem(judge_module.RULES_1, kind, BROKEN[kind])
    with pytest.raises(AssertionError):
        for seed in range(500):
            History.begun(seed).run()


def test_places_that_come_back_are_caught_without_the_second_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of the look at the list: the model is made to allow what the broken judge allows."""
    monkeypatch.setitem(judge_module.RULES_1, "certificate-restored", back_from_revoked)
    monkeypatch.setitem(LEADS, "restored", {State.SUSPENDED: State.VALID, State.REVOKED: State.VALID})
    with pytest.raises(AssertionError):
        for seed in range(500):
            History.begun(seed).run()
