"""The whole truth table of keys and time (assurance C.4): every cell by the check itself, and typed by hand.

`registry/docs/keys-and-time.md` holds it for people; MALAN_REWRITE=1 writes it anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from tests.verify.shown import issued_world, now_of, proof_of, resigned, show, show_file, smuggle
from tests.verify.test_check_compromise import COSIGNED, REVOKED, cosigned_at
from tests.verify.test_check_proof import issuing_act, told
from tests.world import World
from tests.world_parts import BODY
from verify.check import _compromise
from verify.verdict import State, Verdict

PAGE = Path(__file__).parents[2] / "registry" / "docs" / "keys-and-time.md"
BEGIN, END = "<!-- cells: begin -->\n", "<!-- cells: end -->\n"

# Columns: what the log says of the key; seconds after the leaf at which it was compromised.
KEYS: dict[str, tuple[RevocationCause | None, int]] = {
    "not revoked 未撤销": (None, 0),
    "rotated, left or lost 轮换、离任、遗失": (RevocationCause.LEFT, 0),
    "compromised before the leaf 记账前泄露": (RevocationCause.COMPROMISED, -1),
    "… in its second 同一秒": (RevocationCause.COMPROMISED, 0),
    "… after it, before the quorum 记账后、共同签名前": (RevocationCause.COMPROMISED, COSIGNED),
    "… after the quorum 共同签名后": (RevocationCause.COMPROMISED, COSIGNED + 1),
}

OK = "valid"
LATE = "out_of_scope KEY_REVOKED"
DOUBT = "could_not_check KEY_COMPROMISED"
BROKEN = "could_not_check PROOF_OTHER"
NONE = "could_not_check PROOF_REQUIRED"

# Rows: what is known of the certificate; the cells in the order of KEYS.
EXPECTED: dict[str, tuple[str, ...]] = {
    "proof, quorum cosigned 证明、规定数量已共同签名": (OK,) * 2 + (DOUBT,) * 3 + (OK,),
    "proof, quorum too few 证明、共同签名不足": (OK,) * 2 + (DOUBT,) * 4,
    "proof, nobody cosigned 证明、无共同签名": (OK,) * 2 + (DOUBT,) * 4,
    "proof, cosigned only after the compromise 证明、泄露后才共同签名": (OK,) * 2 + (DOUBT,) * 4,
    "proof of another certificate 他证的证明": (BROKEN,) * 6,
    "no proof, dated before the revocation 无证明、签于撤销前": (OK,) * 2 + (DOUBT,) * 4,
    "no proof, in the second of the revocation 无证明、签于撤销同一秒": (OK,) * 2 + (DOUBT,) * 4,
    "no proof, dated after it 无证明、签于撤销后": (OK,) + (LATE,) * 5,
    "no proof, one required 无证明而要求证明": (NONE,) * 6,
    "entry behind the revocation 记账于撤销之后": (OK,) + (LATE,) * 5,
}


@dataclass
class Scene:
    """A certificate, and what is shown of it once its key has the fate of a column."""

    world: World
    leaf: int
    cause: RevocationCause | None
    since: int

    @classmethod
    def of(cls, key: str) -> Scene:
        world = issued_world()
        cause, since = KEYS[key]
        return cls(world, world.times[world.certificates[0].seq] // 1000, cause, since)

    def revoke(self) -> None:
        """The key's fate enters the log; if it has none, time passes all the same."""
        self.world.now = (self.leaf + REVOKED) * 1000
        if self.cause is None:
            return
        since = self.leaf + self.since if self.cause is RevocationCause.COMPROMISED else None
        kid = self.world.people["signatory"].signer.public.kid.hex()
        self.world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(self.cause, since))

    def cosigned(self, count: int, *, at: int = COSIGNED) -> Verdict:
        proof = cosigned_at(self.world, [self.leaf + at] * count)
        self.revoke()
        return show(self.world, proof=proof)

    def dated(self, after: int) -> Verdict:
        """Without a proof, signed so many seconds after the revocation."""
        self.revoke()
        signed = resigned(self.world, issued_at=self.leaf + REVOKED + after)
        return show_file(self.world, signed, now=now_of(self.world) + 60)

    def behind(self) -> Verdict:
        statement = told(self.world, issuing_act(self.world))
        self.revoke()
        return show(self.world, proof=self.world.proof(smuggle(self.world, statement)))

    def other(self) -> Verdict:
        proof = proof_of(self.world, 1)
        self.revoke()
        return show(self.world, proof=proof)

    def required(self) -> Verdict:
        self.revoke()
        return show(self.world, require_proof=True)


def shown(row: str, key: str) -> Verdict:
    """The verdict of a cell, by the check itself."""
    scene, number = Scene.of(key), list(EXPECTED).index(row)
    match number:
        case 0 | 1 | 2:
            return scene.cosigned((11, 10, 0)[number])
        case 3:
            return scene.cosigned(16, at=REVOKED - 1)
        case 4:
            return scene.other()
        case 5 | 6 | 7:
            return scene.dated((-1, 0, 1)[number - 5])
        case 8:
            return scene.required()
    return scene.behind()


@lru_cache(maxsize=256)
def cell(row: str, key: str) -> str:
    verdict = shown(row, key)
    return f"{verdict.state} {verdict.code}".strip()


@pytest.mark.parametrize("row", EXPECTED)
def test_every_cell_is_as_the_rule_says(row: str) -> None:
    found = {key: cell(row, key) for key in KEYS}
    assert found == dict(zip(KEYS, EXPECTED[row], strict=True))


def test_what_nobody_outside_saw_in_time_is_never_valid() -> None:
    """The rule in one sentence, over all cells of a compromised key."""
    for row in EXPECTED:
        for key, (cause, _) in KEYS.items():
            if cause is RevocationCause.COMPROMISED and cell(row, key) == OK:
                assert (row, key) == (next(iter(EXPECTED)), list(KEYS)[-1])


@pytest.mark.skipif(os.environ.get("MALAN_CAMPAIGN") != "full", reason="two columns more, the same as one")
@pytest.mark.parametrize("cause", [RevocationCause.ROTATED, RevocationCause.LOST])
def test_the_causes_of_one_column_are_alike(cause: RevocationCause, monkeypatch: pytest.MonkeyPatch) -> None:
    key = list(KEYS)[1]
    monkeypatch.setitem(KEYS, key, (cause, 0))
    for row, cells in EXPECTED.items():
        verdict = shown(row, key)
        assert f"{verdict.state} {verdict.code}".strip() == cells[1], row


def written() -> str:
    head = f"| | {' | '.join(KEYS)} |\n{'|---' * (len(KEYS) + 1)}|\n"

    def line(row: str) -> str:
        states = (cell(row, key).split() for key in KEYS)
        cells = (f"{state} `{code[0]}`" if code else state for state, *code in states)
        return f"| {row} | {' | '.join(cells)} |\n"

    return head + "".join(line(row) for row in EXPECTED)


def test_the_page_holds_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    held, _, after = rest.partition(END)
    if os.environ.get("MALAN_REWRITE"):
        PAGE.write_text(before + BEGIN + written() + END + after, encoding="utf-8")
        held = written()
    assert held == written(), "run this test with MALAN_REWRITE=1 and look at the page"


def test_a_rule_that_trusts_the_signers_own_time_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a step 10 that asks for no witness gives other cells."""
    from verify import check as module

    def lenient(*told: object) -> object:
        finding = _compromise(*told)  # type: ignore[arg-type]
        return module.passed(finding.step.number) if finding.state is State.COULD_NOT_CHECK else finding

    monkeypatch.setattr(module, "_compromise", lenient)
    row = "no proof, dated before the revocation 无证明、签于撤销前"
    verdicts = [shown(row, key) for key in KEYS]
    assert tuple(f"{one.state} {one.code}".strip() for one in verdicts) != EXPECTED[row]
