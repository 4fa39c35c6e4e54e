"""Made-up requests by the thousand, from the API's own description, as each kind of caller.

Schemathesis makes what the description allows and what it does not; to it come odd queries and headers, and,
where a body is signed, truly signed messages around made-up ones, which go on where random bytes end. The
application is called without a network. An answer is good when it is no fault of ours, is a problem document
where it refuses, and gives back nothing of what was sent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

import issuers
import ledger
import registry
import verify
from issuers.acts import KINDS
from issuers.base64url import to_b64
from ledger import cbor
from ledger.cose import Claims, sign1
from ledger.errors import MalanError
from ledger.statement import content_type, uuid7
from registry.supervision.runs import Runs
from tests.registry.browser import Browser
from tests.registry.stage import Stage
from tests.registry.wire import Answered, ask

ECHO_CHARS_MIN = 6  # shorter texts occur by chance
REQUESTS = {
    "/api/staff": "staff",
    "/api/classes/evidence": "evidence",
    "/api/certificates/prepare": "certificates",
    "/api/subsidy/check": "subsidy-check",
    "/api/subsidy/claims/prepare": "claim",
}
_CODE = re.compile(r"[A-Z][A-Z0-9_]+")
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_VALUE = st.recursive(
    st.one_of(_TEXT, st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXT, inner, max_size=4)),
    max_leaves=8,
)
_MODES: dict[tuple[str, str, str], list[GenerationMode]] = {}
_BODY = st.dictionaries(_TEXT, _VALUE, max_size=6)
# Mostly such as the gate lets through, or nothing would be tried behind it.
_WORDS = st.one_of(st.just(""), _TEXT, _TEXT).map(lambda text: quote(f"q={text}" if text else "").encode())
_QUERY = st.integers(0, 9).flatmap(lambda dice: st.binary(max_size=60) if dice == 0 else _WORDS)
_NOISE = st.fixed_dictionaries(
    {
        "query": _QUERY,
        "header": st.one_of(st.just(b""), st.binary(max_size=60)),
        "grow": st.booleans(),
        "body": _BODY,
        "kept": st.integers(0, 2**16),
        "text": _TEXT,
        "kind": st.sampled_from(sorted(KINDS)),
    }
)


@dataclass
class Report:
    """How many were sent, and what was wrong: each with method, route and code."""

    cases: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    echoes: list[str] = field(default_factory=list)
    shapeless: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        wrong = f"{len(self.faults)} faults, {len(self.echoes)} echoes, {len(self.shapeless)} without form"
        return f"{self.cases} cases: {wrong}; statuses {dict(sorted(self.statuses.items()))}"


@dataclass
class Caller:
    """Somebody who asks: `who` of the world, or nobody; `true` bodies that a signer of theirs would send."""

    stage: Stage
    who: str = ""
    true: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    _browser: Browser | None = None

    def enter(self) -> None:
        """Signed in, where what was sent before has ended the session."""
        if self.who and not self.inside():
            self._browser = self._browser or Browser(self.stage)
            self._browser.sign_in(self.who)
            cookie = f"__Host-malan={self._browser.client.cookies['__Host-malan']}"
            told = {**self._browser.own(), "x-malan-csrf": self._browser.csrf, "cookie": cookie}
            self.headers = [(name.encode(), value.encode()) for name, value in told.items()]

    def inside(self) -> bool:
        app: Any = self.stage.client.app
        return ask(app, "GET", b"/api/sessions/current", headers=self.headers).status == 200

    def grown(self, path: str, body: Any, noise: Mapping[str, Any]) -> Any:
        """The body with something truly signed in place of its random bytes."""
        if not self.who or not isinstance(body, dict):
            return body
        try:
            if path in REQUESTS:
                return {"request": to_b64(self._request(REQUESTS[path], path, noise))}
            if path.startswith("/api/sessions") and "session" in body:
                kind = "application/vnd.malan.session.v1+cbor"
                return {"session": to_b64(self._signed(kind, noise["body"], noise))}
            if "statement" in body:
                kind = content_type(*noise["kind"])
                return {**body, "statement": to_b64(self._signed(kind, noise["body"], noise))}
        except MalanError:
            pass  # a value our own writer refuses to write
        return body

    def _request(self, name: str, path: str, noise: Mapping[str, Any]) -> bytes:
        true = dict(self.true.get(path, {}))
        for place, member in enumerate(sorted(true)):
            if noise["kept"] >> place & 1:
                true[member] = noise["body"].get(noise["text"], noise["text"])
        body = {**true, **(noise["body"] if noise["kept"] & 2**15 else {})}
        return self._signed(f"application/vnd.malan.request.{name}.v1+cbor", body, noise)

    def _signed(self, kind: str, body: Mapping[str, cbor.Value], noise: Mapping[str, Any]) -> bytes:
        person, now_ms = self.stage.world.people[self.who], self.stage.hands.now_ms
        nouns = ("party", "class", "officer", "certificate", "claim", "key", "")
        ids = (person.party, self.stage.world.class_id.hex(), person.staff.hex(), noise["text"])
        subject = f"{nouns[noise['kept'] % 7]}/{ids[noise['kept'] // 7 % 4]}"[:60] or "x"
        cti = uuid7(time_ms=now_ms, randomness=os.urandom(10))
        claims = Claims(person.party, subject, self.stage.world.origin, now_ms // 1000, cti)
        return sign1(person.signer, content_type=kind, payload=cbor.encode(body), claims=claims)


def run(app: FastAPI, callers: list[Caller], *, cases: int, seed_: int, only: str = "") -> Report:
    """So many cases, spread over callers, routes and kinds of making."""
    for caller in callers:
        # An audit is a process; here it ends at once and says nothing.
        object.__setattr__(caller.stage.service, "audits", Runs(worker=("true",)))
    schema = schemathesis.openapi.from_dict(app.openapi())
    vocabulary = json.dumps(app.openapi(), ensure_ascii=False)
    operations = [one.ok() for one in schema.get_all_operations()]  # type: ignore[attr-defined]
    wanted = [one for one in operations if only in one.path]
    ways = [(one, mode) for one in wanted for mode in _modes(one, vocabulary)]
    each = -(-cases // (len(ways) * len(callers)))
    report = Report()
    for caller in callers:
        for operation, mode in ways:
            caller.enter()
            _many(app, caller, operation, mode, each, seed_ + report.cases, vocabulary, report)
    return report


def _many(
    app: FastAPI,
    caller: Caller,
    operation: Any,
    mode: GenerationMode,
    each: int,
    seed_: int,
    vocabulary: str,
    report: Report,
) -> None:
    strategy = operation.as_strategy(generation_mode=mode)
    ends_sessions = operation.method.lower() == "delete"

    def one(made: tuple[Any, Mapping[str, Any]]) -> None:
        case, noise = made
        if ends_sessions:
            caller.enter()
        answer, sent = send(app, caller, case, noise)
        judge(report, f"{case.method} {operation.path} as {caller.who or 'nobody'}", answer, sent, vocabulary)

    _given(one, strategy, each, seed_)()


def _given(one: Callable[..., None], strategy: Any, each: int, seed_: int) -> Callable[[], None]:
    @seed(seed_)
    @settings(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(made=st.tuples(strategy, _NOISE))
    def many(made: tuple[Any, Mapping[str, Any]]) -> None:
        one(made)

    return many


def send(app: FastAPI, caller: Caller, case: Any, noise: Mapping[str, Any]) -> tuple[Answered, list[str]]:
    """The case, with its noise; the answer, and the texts that were in it."""
    told = case.as_transport_kwargs(base_url="http://x")
    path = str(case.formatted_path)
    sent = [str(value) for value in (case.path_parameters or {}).values()]
    body, headers = b"", list(caller.headers)
    if case.method not in ("GET", "DELETE"):
        media, value = case.media_type or "application/json", told.get("json")
        if media == "application/json":
            if noise["grow"]:
                value = caller.grown(path, value, noise)
            body = json.dumps(value).encode()
            sent += list(_texts(value))
        else:
            body = raw if isinstance(raw := told.get("data"), bytes) else str(raw).encode("utf-8", "replace")
        headers.append((b"content-type", media.encode()))
    if noise["header"]:
        headers.append((b"x-noise", noise["header"]))
        sent.append(noise["header"].decode("latin-1"))
    sent.append(noise["query"].decode("latin-1"))
    answer = ask(
        app, case.method, path.encode("ascii", "replace"), query=noise["query"], headers=headers, body=(body,)
    )
    return answer, sent


def judge(report: Report, name: str, answer: Answered, sent: list[str], vocabulary: str) -> None:
    """Adds the case to the report."""
    report.cases += 1
    report.statuses[answer.status] = report.statuses.get(answer.status, 0) + 1
    if answer.status >= 500:
        report.faults.append(f"{name}: {answer.status} {answer.body[:200]!r}")
        return
    if answer.status >= 400:
        good = answer.headers.get(b"content-type") == b"application/problem+json"
        if not good or not _CODE.fullmatch(str(json.loads(answer.body).get("code"))):
            report.shapeless.append(f"{name}: {answer.status}")
    text = answer.body.decode("utf-8", "replace")
    for one in sent:
        escaped = json.dumps(one)[1:-1]
        if len(one) < ECHO_CHARS_MIN or one in vocabulary or (one not in text and escaped not in text):
            continue
        if one not in _our_own_words():
            report.echoes.append(f"{name}: {answer.status} gives back {one!r}")


@lru_cache(maxsize=1)
def _our_own_words() -> str:
    """All source of the rooms: made-up texts are partly taken from there, and answers may say such words."""
    rooms = (Path(one.__file__ or "").parent for one in (ledger, issuers, verify, registry))
    return "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))


def _modes(operation: Any, vocabulary: str) -> list[GenerationMode]:
    """How its cases can be made; the same description gives the same answer, which takes long to find."""
    known = (vocabulary, operation.method, operation.path)
    if known not in _MODES:
        _MODES[known] = _tried(operation)
    return _MODES[known]


def _tried(operation: Any) -> list[GenerationMode]:
    modes = [GenerationMode.POSITIVE]
    strategy = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    try:
        _given(lambda _: None, strategy, 1, 0)()
        modes.append(GenerationMode.NEGATIVE)
    except Unsatisfiable:
        pass  # a route without a body or a form for its parts has nothing that could be wrong
    return modes


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
