"""The form of a case: what is shown, and what each stage of the check must say of it.

Stages in order, each true (passes) or false (must not pass); a stage that is not named is not reached, or
cannot be said without the program that shows pictures:

    picture  a QR code can be read in it, and its text is this one
    text     an address in our form        host    a pinned origin         path    /v/, 16 digits, version 1
    digits   the digits are bytes          cose    COSE_Sign1, strictly    header  alg, type and kid
    claims   the payload is a credential
    trust    the bundle is opened          part    that of the body in the number can be judged (step 3, both)
    key, signature, code, issuer, time, logged, key_safety, status, witnessed: steps 4 to 12

`state`, `exit`, `complete`, `final`, `fresh`, `reason` are of the verdict (issuers/SPEC.md section 8).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from issuers.credential import Credential, parse_credential
from issuers.qr import make_text, png
from tests.vectors.case_world import Scene
from tests.world import World
from tests.world_parts import HOST

BYTES: Final = ("picture", "text", "host", "path", "digits", "cose", "header", "claims")
STEPS: Final = ("part", "key", "signature", "code")
JUDGED: Final = ("issuer", "time", "logged", "key_safety", "status", "witnessed")
STAGES: Final = (*BYTES[:1], "trust", *BYTES[1:], *STEPS, *JUDGED)
_FATAL: Final = {
    "trust": "could_not_check",
    "part": "could_not_check",
    "key": "unknown_issuer",
    "signature": "tampered",
    "code": "tampered",
}
_EXIT: Final = {"valid": 0, "unreadable": 2, "could_not_check": 2}

Case = dict[str, Any]


@dataclass
class Evidences:
    """Bundles (bytes), proofs and lists by name; only those that a case names are written down."""

    scene: Scene
    bundles: dict[str, bytes] = field(default_factory=dict)
    proofs: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("early", "base", "later", "stolen", "two"):
            self.bundles[name] = getattr(self.scene, name).bundle()

    def proof(self, name: str, data: bytes) -> str:
        """Keeps a proof under its name."""
        assert self.proofs.setdefault(name, data) == data, name
        return name

    def proof_of(self, label: str, world: str = "base", *, cosigned: int = 2) -> str:
        """The proof of a certificate, a later version of it, or a later act."""
        kind, _, rest = label.partition(":")
        seq = {
            "cert": lambda: self.scene.certificates[rest].seq,
            "version": lambda: self.scene.versions[rest].seq,
            "act": lambda: self.scene.seqs[rest],
        }[kind]()
        name = f"{label} in {world}" + ("" if cosigned == 2 else f", cosigned by {cosigned}")
        shown: World = getattr(self.scene, world)
        return self.proof(name, shown.proof(seq, cosigned=cosigned))

    def _model(self, name: str) -> bytes:
        """What a bundle is written by: `early` by itself, `two` by `early`, all others by these two."""
        early = self.bundles["early"]
        return {"early": b"", "two": early}.get(name, early + self.bundles["two"])

    def document(self, cases: list[Case]) -> dict[str, Any]:
        """evidence.json."""
        contexts = [case["context"] for case in cases]
        bundles = {one["bundle"] for one in contexts}
        proofs = {one["proof"] for one in contexts if "proof" in one}
        proofs |= {name for one in contexts for name in one.get("later", [])}
        lists = {name for one in contexts for name in one.get("lists", [])}
        assert bundles <= self.bundles.keys() and proofs == self.proofs.keys() and lists == self.lists.keys()
        assert all(
            joined(pieces(one, self._model(n)), self._model(n)) == one for n, one in self.bundles.items()
        )
        return {
            "version": 1,
            "bundles": {name: pieces(self.bundles[name], self._model(name)) for name in sorted(bundles)},
            "proofs": {name: self.proofs[name].decode() for name in sorted(proofs)},
            "lists": {name: b64encode(self.lists[name]).decode() for name in sorted(lists)},
        }


WINDOW: Final = 32
"""Shorter runs of equal bytes are written out again."""


def pieces(data: bytes, model: bytes) -> list[Any]:
    """`data` as base64 pieces and [from, to] of the model, so that one sees what is different."""
    places: dict[bytes, int] = {}
    for at in range(len(model) - WINDOW, -1, -1):
        places[model[at : at + WINDOW]] = at
    found: list[Any] = []
    fresh, at = b"", 0
    while at < len(data):
        start = places.get(data[at : at + WINDOW])
        if start is None:
            fresh, at = fresh + data[at : at + 1], at + 1
            continue
        size = WINDOW
        while data[at + size : at + size + 1] == model[start + size : start + size + 1] != b"":
            size += 1
        found += [b64encode(fresh).decode()] if fresh else []
        found.append([start, start + size])
        fresh, at = b"", at + size
    return [*found, b64encode(fresh).decode()] if fresh else found


def joined(written: list[Any], model: bytes) -> bytes:
    """What `pieces` took apart."""
    return b"".join(b64decode(one) if isinstance(one, str) else model[slice(*one)] for one in written)


def text_of(credential: bytes, *, code: str | None = None, host: str = HOST) -> str:
    """The QR text of a credential; `code` where it cannot be read, or shall be another."""
    return make_text(host=host, code=code or parse_credential(credential).claims.code, credential=credential)


def pictured(text: str) -> str:
    """The code as base64 of a small PNG."""
    return b64encode(png(text, scale=3)).decode()


def told(claims: Credential, kid: bytes) -> dict[str, Any]:
    """What a reader must find in a credential."""
    first = claims.first_issued_on
    return {
        "kid": kid.hex(),
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "number": claims.number,
        "name": claims.name,
        "course": claims.course,
        "hours": claims.hours,
        "list": claims.status_list,
        "index": claims.status_index,
        "code": claims.code,
        "last_four": claims.last_four,
        "version": claims.version,
        "first_issued_on": None if first is None else first.isoformat(),
    }


def _case(name: str, title: str, context: Case, shown: Case, expected: Case) -> Case:
    return {"id": name, "title": title, "context": context, **shown, "expected": expected}


def context(clock: int, bundle: str = "base", **more: Any) -> Case:
    """`more`: pin, proof, later, lists, none_logged, require_proof."""
    return {"clock": clock, "bundle": bundle, **more}


def judged(name: str, title: str, seen: Case, credential: bytes, state: str = "valid", **how: Any) -> Case:
    """A case whose bytes are sound, so that all steps are done.

    `fails`: steps 7 to 12 that do not pass; `text`: another QR text, None for a file; `picture`: with one;
    `complete`, `final`, `fresh`: `complete` and `final` follow from the proof unless given.
    """
    fails = set(how.pop("fails", ()))
    text = how.pop("text", text_of(credential))
    signed = parse_credential(credential)
    shown: Case = {"picture": pictured(text)} if how.pop("picture", False) else {}
    shown |= {"text": text} if text is not None else {}
    shown |= {"cose": credential.hex(), "claims": told(signed.claims, signed.message.kid)}
    complete = how.pop("complete", "proof" in seen and "logged" not in fails)
    if not complete:
        fails |= {"logged", "witnessed"}
    fresh = how.pop("fresh", True)
    reached = [one for one in STAGES if one in shown or one not in ("picture", *BYTES[1:5])]
    if text is not None:
        reached = [one for one in STAGES if one != "picture" or "picture" in shown]
    final = complete and "witnessed" not in fails
    verdict = {
        "state": state,
        "exit": _EXIT.get(state, 1),
        "complete": complete,
        "final": final,
        "fresh": fresh,
    }
    verdict |= how
    return _case(name, title, seen, shown, {one: one not in fails for one in reached} | verdict)


def stopped(name: str, title: str, seen: Case, stage: str, **how: Any) -> Case:
    """A case that ends at `stage`. Given are `text`, or `cose` (bytes; with a text if `code` is given), or
    `picture` (bytes)."""
    shown: Case = {}
    text, cose = how.pop("text", None), how.pop("cose", None)
    if cose is not None:
        text = text_of(cose, code=how.pop("code")) if "code" in how else text
        shown["cose"] = cose.hex()
    if "picture" in how:
        shown["picture"] = b64encode(how.pop("picture")).decode()
    if text is not None:
        shown["text"] = text
    assert not how, how
    asked = ["picture"] if "picture" in shown else []
    asked += [one for one in STAGES[1:] if text is not None or one not in BYTES[1:5]]
    asked = asked[: asked.index(stage) + 1]
    state = _FATAL.get(stage, "unreadable")
    verdict: Case = {"state": state, "exit": _EXIT.get(state, 1), "complete": False, "final": False}
    if stage == "picture":
        verdict = {}
    return _case(name, title, seen, shown, {one: one != stage for one in asked} | verdict)
