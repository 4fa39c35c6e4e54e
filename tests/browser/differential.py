"""Shows the check in JavaScript what the Python check was shown, and names each difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

# One call opens a trust once and shows it many things; a thrown fault is a difference like any other.
# It is one text both ways, for the driver takes longer over a value than the check over a case; what is
# undefined stays visible.
RUN = """async (asked) => {
  const {blobs, trust, parts, shown} = JSON.parse(asked);
  const [{openTrustFile, withList}, {check}, {fromBase64}] = await Promise.all(
    ["/js/verify/trust.js", "/js/verify/check.js", "/js/ledger/bytes.js"].map((path) => import(path)));
  const words = window.malanWords ??= await (await fetch("/assets/words.json")).json();
  const bytes = (name) => (name === null || name === undefined ? null : fromBase64(blobs[name]));
  const said = (error) => error.code ?? `FAULT ${error.name}: ${error.message}`;
  const odd = (value) => typeof value === "number" && !Number.isFinite(value);
  const plain = (_, value) => (value === undefined ? null : odd(value) ? String(value) : value);
  const sized = ({ size, bodies }) => Object.entries(bodies).map(([code, hash]) => [code, [size, hash]]);
  const pinned = (pin) => ({ ...pin, bodies: pin.bodies && Object.fromEntries(sized(pin)) });
  const answer = (told) => JSON.stringify(told, plain);
  let opened;
  try {
    opened = await openTrustFile(bytes(trust.raw), { pin: trust.pin && pinned(trust.pin) });
    if (trust.list !== undefined) opened = await withList(opened, bytes(trust.list));
  } catch (error) { return answer({ code: said(error), parts: {}, verdicts: [] }); }
  const [verdicts, refused] = [[], {}];
  for (const code of parts) refused[code] = await opened.of(code).then(() => "opened", said);
  for (const one of shown) {
    const evidence = { proof: bytes(one.proof), askedLog: one.asked, life: (one.life ?? []).map(bytes) };
    if (one.text === null) evidence.credential = bytes(one.credential); else evidence.text = one.text;
    const how = { now: one.now, words, requireProof: one.require };
    try { verdicts.push(await check(evidence, opened, how)); } catch (error) { verdicts.push(said(error)); }
  }
  return answer({ code: "", parts: refused, verdicts });
}"""
AT_ONCE = 200
PARTS = 20


@dataclass
class Corpus:
    """Recorded cases: `blobs` by name, `cases` in order."""

    blobs: dict[str, str] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Corpus:
        corpus = cls()
        with path.open(encoding="utf-8") as file:
            for line in file:
                item = json.loads(line)
                if "blob" in item:
                    corpus.blobs[item["blob"]] = item["data"]
                else:
                    corpus.cases.append(item)
        return corpus

    def refused(self) -> Corpus:
        """The bundles and parts of it that were not opened."""
        return Corpus(self.blobs, [one for one in self.cases if one.get("code")])

    def by_trust(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """The cases in small runs that share a trust."""

        def named(case: dict[str, Any]) -> str:
            return json.dumps(case["trust"], sort_keys=True)

        for _, group in groupby(sorted(self.cases, key=named), key=named):
            cases = list(group)
            for start in range(0, len(cases), AT_ONCE):
                yield cases[start]["trust"], cases[start : start + AT_ONCE]


def told(verdict: Any) -> Any:
    """What must be the same: all but the English half-sentence that an error of the lower rooms adds."""
    if not isinstance(verdict, dict):
        return verdict
    steps = [{key: value for key, value in one.items() if key != "en"} for one in verdict["steps"]]
    return {**verdict, "steps": steps}


def differ(page: Page, corpus: Corpus) -> bool:
    """Whether there is any difference: cases from everywhere first, then more of them, in the end all."""
    parts = (Corpus(corpus.blobs, corpus.cases[start::PARTS]) for start in range(PARTS))
    return any(differences(page, part) for part in parts)


def differences(page: Page, corpus: Corpus) -> list[dict[str, Any]]:
    """Cases where the two say something else. The page is one of ours, so that it can load the rooms."""
    found: list[dict[str, Any]] = []
    for trust, cases in corpus.by_trust():
        checks = [one for one in cases if "shown" in one]
        names = {trust["raw"], trust.get("list")}
        names |= {one["shown"][key] for one in checks for key in ("credential", "proof")}
        names |= {name for one in checks for name in one["shown"]["life"]}
        blobs = {name: corpus.blobs[name] for name in names if name is not None}
        shown = [one["shown"] for one in checks]
        parts = sorted({one["part"] for one in cases if "part" in one})
        asked = json.dumps({"blobs": blobs, "trust": trust, "parts": parts, "shown": shown})
        said = json.loads(page.evaluate(RUN, asked))
        for one in (one for one in cases if "code" in one):
            js = said["parts"].get(one["part"], said["code"]) if "part" in one else said["code"]
            if one["code"] != js:
                found.append({"case": one, "python": one["code"], "js": js})
        if checks and said["code"]:
            found.append({"case": checks[0], "python": "opened", "js": said["code"]})
            continue
        for one, verdict in zip(checks, said["verdicts"], strict=True):
            if told(one["verdict"]) != told(verdict):
                found.append({"case": one, "python": one["verdict"], "js": verdict})
    return found
