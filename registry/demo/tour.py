"""What `malan demo` prints: what was built, what was found, what to try next. Pure: text from a `Demo`."""

from __future__ import annotations

from collections import Counter

from registry.demo.build import Demo, is_sound
from registry.demo.serving import serve_command


def tour(demo: Demo) -> str:
    """The tour, at most 80 columns where paths allow."""
    return "\n".join([*_built(demo), "", *_found(demo), "", *_try(demo)])


def _built(demo: Demo) -> list[str]:
    size = demo.audit.log.size if demo.audit.log else 0
    return [
        f"A world of {size} signed acts stands in {demo.home}",
        "",
        f"  genesis        {demo.genesis}",
        "                 the one hash everything leads to; a verifier pins it",
        "  log/           checkpoint, hash tiles, entries (C2SP tlog-tiles)",
        "  log.vkey       the key that signs the log; policy.txt names its witnesses:",
        "                 none here, for one machine that holds all sixteen keys would",
        "                 protect nobody. Run one as a district: `malan-verify witness`",
        "  trust.cbor     what an offline verifier holds",
        "  acts.cbor      what `malan-sign` holds: the people of every party as well",
        f"  certificates/  {len(demo.checked)} of {len(demo.told.people)} passed: card, PDF, QR, proof",
        "  evidence/      the opened sheets of the class, for its district only",
        "  keys/, desks/  demo keys of every party, and what each of them signed",
    ]


def _found(demo: Demo) -> list[str]:
    alone = Counter(one.alone.state.value for one in demo.checked)
    proved = Counter(one.proved.state.value for one in demo.checked)
    size = demo.audit.log.size if demo.audit.log else 0
    return [
        "Looking back, with the files alone:",
        f"  offline with trust.cbor only    {_counts(alone)}",
        f"  with the proof of logging       {_counts(proved)}",
        f"  audit of {size} entries            {demo.audit.state.value}, evidence of the class recomputed",
        f"  fsck of the database            {demo.fsck_departures} departures",
        f"  revoked                         {demo.told.revoked}",
        f"  subsidy claim                   {demo.told.claim.hex()}, approved under the policy `demo`",
        "                                  (unconfirmed: no published rule follows the notice yet)",
        "",
        "Everything is as it should be." if is_sound(demo) else "SOMETHING IS WRONG: see above.",
    ]


def _try(demo: Demo) -> list[str]:
    first = demo.checked[0].issued.folder
    home = demo.home
    return [
        "Try:",
        f"  malan-verify check {first}/qr.txt --trust {home}/trust.cbor --offline",
        f"  malan-verify check {first}/card.png --trust {home}/trust.cbor \\",
        f"      --proof {first}/certificate.tlog-proof --require-proof --offline",
        f"  malan-verify check {first}/certificate.pdf --trust {home}/trust.cbor --require-proof --offline",
        f"  malan-verify check {home}/certificates/{demo.told.revoked}/qr.txt \\",
        f"      --trust {home}/trust.cbor --offline",
        f"  malan-verify audit {home}/log --trust {home}/trust.cbor --acts {home}/acts.cbor \\",
        f"      --evidence {demo.evidence} --html {home}/audit.html",
        f"  {serve_command(demo.url, home)}",
        f"      then scan a card, or open {demo.url}/",
        *_own_page(demo),
    ]


def _own_page(demo: Demo) -> list[str]:
    """Code and document of somebody invented, whose certificate stands."""
    facts = demo.checked[-2 if len(demo.checked) > 1 else 0].proved.facts  # the last one is revoked
    if facts is None:
        return []
    number = next(one.id_number for one in demo.told.people if one.name == facts.name)
    return [
        f"      {demo.url}/holder shows holders their own; somebody invented has",
        f"      code {facts.code}, identity card {number}",
    ]


def _counts(states: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items())
