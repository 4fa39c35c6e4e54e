"""Shows the cases of cases.json to the verifier in Python, and names each answer that is not as expected.

A reader of its own of the two files; whatever else is shown them in a browser (the page, the reference) gets
from here the evidence of a case in plain JSON, and is compared here.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from issuers.credential import parse_credential
from issuers.qr import parse_text
from ledger import cbor
from ledger.cose import parse_sign1
from ledger.errors import MalanError
from tests.vectors.case_form import told
from verify.check import check
from verify.evidence import Evidence
from verify.scan import scan_image
from verify.trust import Pin, Trust, open_trust
from verify.verdict import StepResult, Verdict

Case = Mapping[str, Any]
Results = dict[str, Any]
HERE = Path(__file__).parent
OF_QR = {"QR_OTHER_HOST": "host", "QR_VERSION": "path", "path": "path", "digits after #1": "digits"}
"""The stage of a refused text, by the code of the error or by where it is."""

STEPS = ("key", "signature", "code", "issuer", "time", "logged", "key_safety", "status", "witnessed")
"""Steps 4 to 12."""


def read(name: str) -> dict[str, Any]:
    """A file of vectors."""
    document: dict[str, Any] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return document


def assembled(pieces: list[Any], model: bytes) -> bytes:
    """A bundle from its pieces: base64, or [from, to] of the model."""
    return b"".join(b64decode(one) if isinstance(one, str) else model[one[0] : one[1]] for one in pieces)


@lru_cache(maxsize=1)
def vectors() -> tuple[list[Case], dict[str, dict[str, bytes]]]:
    """The cases, and bundles, proofs and lists by name."""
    cases, evidence = read("cases.json")["cases"], read("evidence.json")
    early = assembled(evidence["bundles"]["early"], b"")
    model = early + assembled(evidence["bundles"]["two"], early)
    return cases, {
        "bundles": {name: assembled(one, model) for name, one in evidence["bundles"].items()},
        "proofs": {name: text.encode() for name, text in evidence["proofs"].items()},
        "lists": {name: b64decode(text) for name, text in evidence["lists"].items()},
    }


def plain(case: Case) -> dict[str, Any]:
    """The case for a page: its evidence as base64 beside it."""
    _, evidence = vectors()
    seen = case["context"]

    def of(kind: str, name: str) -> str:
        return b64encode(evidence[kind][name]).decode()

    from_file = b64encode(bytes.fromhex(case.get("cose", ""))).decode()
    shown: dict[str, Any] = {
        "bundle": of("bundles", seen["bundle"]),
        "pin": seen.get("pin"),
        "proof": of("proofs", seen["proof"]) if "proof" in seen else None,
        "later": [of("proofs", name) for name in seen.get("later", [])],
        "lists": [of("lists", name) for name in seen.get("lists", [])],
        "now": seen["clock"],
        "noneLogged": seen.get("none_logged", False),
        "requireProof": seen.get("require_proof", False),
        "text": case.get("text"),
        "credential": None if "text" in case else from_file,
    }
    return shown


def differences(
    cases: list[Case], said: list[Results], *, without: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, Any, Any]]:
    """(case, field, expected, said) of each field that is not as expected."""
    for case, results in zip(cases, said, strict=True):
        expected = {key: value for key, value in case["expected"].items() if key not in without}
        for key in sorted(expected.keys() | results.keys()):
            if expected.get(key) != results.get(key):
                yield case["id"], key, expected.get(key), results.get(key)


def show(case: Case) -> Results:
    """What the product in Python says of a case."""
    if "picture" in case:
        try:
            text = scan_image(b64decode(case["picture"]))
        except MalanError:
            return {"picture": False}
        return {"picture": text == case.get("text"), **_check(case)}
    return _check(case)


def _check(case: Case) -> Results:
    _, evidence = vectors()
    seen = case["context"]
    try:
        trust = _trust(case)
    except MalanError:
        return {"trust": False, "state": "could_not_check", "exit": 2, "complete": False, "final": False}
    stages, raw = _read(case, trust)
    if case.get("claims") is not None and raw is not None:
        signed = parse_credential(raw)
        assert told(signed.claims, signed.message.kid) == case["claims"], case["id"]
    what = {"text": case["text"]} if "text" in case else {"credential": bytes.fromhex(case["cose"])}
    verdict = check(
        Evidence(
            **what,
            proof=evidence["proofs"][seen["proof"]] if "proof" in seen else None,
            asked_log=seen.get("none_logged", False),
            life=tuple(evidence["proofs"][name] for name in seen.get("later", [])),
        ),
        trust,
        now=seen["clock"],
        require_proof=seen.get("require_proof", False),
    )
    part = {} if raw is None else {"part": verdict.steps[2].result is StepResult.PASSED}
    return {"trust": True, **stages, **part, **_steps(verdict), **_verdict(verdict)}


def _trust(case: Case) -> Trust:
    seen = case["context"]
    return _opened(seen["bundle"], json.dumps(seen.get("pin")), tuple(seen.get("lists", [])))


@lru_cache(maxsize=64)  # many cases share a bundle
def _opened(bundle: str, told: str, lists: tuple[str, ...]) -> Trust:
    _, evidence = vectors()
    trust = open_trust(evidence["bundles"][bundle], pin=_pin(json.loads(told)))
    for name in lists:
        trust = trust.with_list(evidence["lists"][name])
    return trust


def _pin(told: Mapping[str, Any] | None) -> Pin | None:
    if told is None:
        return None
    root = bytes.fromhex(told["root"]) if "root" in told else None
    bodies = {code: bytes.fromhex(one) for code, one in told.get("bodies", {}).items()}
    return Pin(bytes.fromhex(told["genesis"]), told.get("size", 0), root=root, bodies=bodies or None)


def _read(case: Case, trust: Trust) -> tuple[Results, bytes | None]:
    """The stages of steps 1 and 2, and the bytes where they all pass."""
    stages: Results = {}

    def passes(names: tuple[str, ...], work: Callable[[], Any], of: Callable[[MalanError], str]) -> Any:
        try:
            found = work()
        except MalanError as error:
            failed = of(error)
            stages.update(dict.fromkeys(names[: names.index(failed)], True) | {failed: False})
            return None
        stages.update(dict.fromkeys(names, True))
        return found

    raw = bytes.fromhex(case["cose"]) if "cose" in case else b""
    if "text" in case:
        steps = ("text", "host", "path", "digits")
        read_text = passes(
            steps,
            lambda: parse_text(case["text"], hosts=trust.hosts),
            lambda error: OF_QR.get(error.code) or OF_QR.get(error.where or "", "text"),
        )
        if read_text is None:
            return stages, None
        assert raw == read_text.credential, case["id"]
    signed = passes(("cose", "header", "claims"), lambda: parse_credential(raw), lambda _: _stage_of(raw))
    return stages, None if signed is None else raw


def _stage_of(raw: bytes) -> str:
    """Where bytes go wrong that are no credential."""
    try:
        outer = cbor.decode(raw[1:])
    except MalanError:
        return "cose"
    if len(raw) > 348 or raw[:1] != b"\xd2" or not isinstance(outer, list) or len(outer) != 4:
        return "cose"
    if outer[1] != {} or not isinstance(outer[2], bytes) or len(outer[3]) != 64:
        return "cose"
    try:
        return "claims" if parse_sign1(raw).content_type == 65010 else "header"
    except MalanError:
        return "header"


def _steps(verdict: Verdict) -> Results:
    found = dict(zip(STEPS, verdict.steps[3:], strict=True))
    return {name: one.result is StepResult.PASSED for name, one in found.items() if one.code != "NOT_REACHED"}


def _verdict(verdict: Verdict) -> Results:
    document = verdict.to_document()
    life = document["life"]
    results: Results = {key: document[key] for key in ("state", "exit", "complete", "final")}
    if isinstance(life, dict):
        results["reason"] = life["reason"]
    if "issuer" in _steps(verdict):
        results["fresh"] = bool(document["status_fresh"])
    return results
