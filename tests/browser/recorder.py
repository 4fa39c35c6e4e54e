"""A pytest plugin that writes down what the Python check was asked and what it answered.

The tests of the verify room then are a corpus for the check in JavaScript: all evidence they show, honest or
forged, with the verdict, and the code of every refused bundle and part. Loaded with
`-p tests.browser.recorder`; the file is named by MALAN_RECORD.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

import verify.check
import verify.trust
from issuers import bundle
from ledger.errors import MalanError
from verify.evidence import Evidence
from verify.trust import Pin, Trust
from verify.verdict import Verdict

check, open_trust = verify.check.check, verify.trust.open_trust
with_list, against, of = Trust.with_list, Trust.against, Trust.of


def told_pin(pin: Pin | None) -> dict[str, Any] | None:
    if pin is None:
        return None
    acts, root, bodies = pin.acts, pin.root, pin.bodies
    return {
        "genesis": pin.genesis.hex(),
        "size": pin.size,
        "policy": pin.policy,
        "acts": None if acts is None else acts.hex(),
        "root": None if root is None else root.hex(),
        "bodies": None if bodies is None else {code: digest.hex() for code, digest in bodies.items()},
    }


class Recorder:
    """`made` knows how each trust came about, by identity; it is kept, so that no identity comes twice."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.made: dict[int, tuple[Trust, dict[str, Any]]] = {}
        self.told: set[str] = set()

    def blob(self, data: bytes | None) -> str | None:
        """The name of some bytes, which are written once."""
        if data is None:
            return None
        name = sha256(data).hexdigest()[:24]
        if name not in self.told:
            self.told.add(name)
            self.write({"blob": name, "data": b64encode(data).decode()})
        return name

    def write(self, value: dict[str, Any]) -> None:
        self.file.write(json.dumps(value) + "\n")

    def keep(self, trust: Trust, how: dict[str, Any]) -> Trust:
        self.made[id(trust)] = (trust, how)
        return trust

    def try_trust(self, how: dict[str, Any], make: Callable[[], Trust]) -> Trust:
        try:
            trust = make()
        except MalanError as error:
            self.write({"trust": how, "code": error.code})
            raise
        return self.keep(trust, how)

    def open_trust(self, raw: bytes, *, pin: Pin | None, former: Trust | None = None) -> Trust:
        how = {"raw": self.blob(raw), "pin": told_pin(pin)}
        return self.try_trust(how, lambda: open_trust(raw, pin=pin, former=former))

    def of(self, trust: Trust, code: str) -> Trust:
        try:
            return of(trust, code)
        except MalanError as error:
            if id(trust) in self.made:
                self.write({"trust": self.made[id(trust)][1], "part": code, "code": error.code})
            raise

    def with_list(self, trust: Trust, token: bytes) -> Trust:
        if id(trust) not in self.made:
            return with_list(trust, token)
        how = {**self.made[id(trust)][1], "list": self.blob(token)}
        return self.try_trust(how, lambda: with_list(trust, token))

    def against(self, trust: Trust, pin: Pin) -> Trust:
        if id(trust) not in self.made or self.made[id(trust)][1]["pin"] is not None:
            return against(trust, pin)
        how = {**self.made[id(trust)][1], "pin": told_pin(pin)}
        return self.try_trust(how, lambda: against(trust, pin))

    def check(self, evidence: Evidence, trust: Trust, *, now: int, require_proof: bool = False) -> Verdict:
        verdict = check(evidence, trust, now=now, require_proof=require_proof)
        if id(trust) in self.made:
            shown = {
                "text": evidence.text,
                "credential": self.blob(evidence.credential),
                "proof": self.blob(evidence.proof),
                "asked": evidence.asked_log,
                "life": [self.blob(one) for one in evidence.life],
                "now": now,
                "require": require_proof,
            }
            self.write({"trust": self.made[id(trust)][1], "shown": shown, "verdict": verdict.to_document()})
        return verdict


def install(file: TextIO) -> Recorder:
    """Puts the recorder in the way of every test that is imported from now on."""
    recorder = Recorder(file)
    # The tests themselves replay each time, in a run of their own; of the corpus nothing depends on it.
    replayed = lru_cache(maxsize=256)(bundle.replay)
    bundle.replay = lambda acts, *form, **_: replayed(tuple(acts), *form)
    verify.check.check = recorder.check
    verify.trust.open_trust = recorder.open_trust
    Trust.with_list = lambda trust, token: recorder.with_list(trust, token)  # type: ignore[method-assign]
    Trust.of = lambda trust, code: recorder.of(trust, code)  # type: ignore[method-assign]
    Trust.against = lambda trust, pin: recorder.against(trust, pin)  # type: ignore[method-assign]
    return recorder


if "MALAN_RECORD" in os.environ:
    install(Path(os.environ["MALAN_RECORD"]).open("w", encoding="utf-8"))  # noqa: SIM115
