"""Look-alike addresses, names and codes, read in JavaScript as in Python."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

from issuers.identifiers.names import check_name
from issuers.identifiers.numbers import read_code
from issuers.qr import check_origin, parse_text
from ledger.errors import MalanError
from tests.browser.conftest import Script

LOOK_ALIKES = json.loads(
    (Path(__file__).parents[1] / "issuers" / "look_alikes.json").read_text(encoding="utf-8")
)

SAID = """(value, read) => value.map((one) => {
  try { return { done: read(one) }; } catch (error) { return { code: error.code ?? `${error}` }; }
})"""


def python_says(read: Any, values: list[Any]) -> list[dict[str, Any]]:
    said = []
    for one in values:
        try:
            said.append({"done": read(one)})
        except MalanError as error:
            said.append({"code": error.code})
    return said


def texts() -> list[str]:
    """Every text of the corpus, whatever list of it it stands in."""

    def walk(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["text"]] if "text" in value else [one for v in value.values() for one in walk(v)]
        return [one for item in value for one in walk(item)] if isinstance(value, list) else []

    genuine = LOOK_ALIKES["genuine"]
    spaced = [genuine.replace("/v/", f"{space}/v/") for space in "\x1c\x85\ufeff\u3000 \t"]
    return [genuine, genuine + "&appinstall=0", genuine + "\n", *spaced, *walk(LOOK_ALIKES)]


def test_no_look_alike_is_read_as_ours(script: Script) -> None:
    pinned = LOOK_ALIKES["pinned"]
    body = f"({{parseText}}, value) => ({SAID})(value, (text) => parseText(text, ['{pinned}']).code)"
    wanted = python_says(lambda text: parse_text(text, hosts=frozenset({pinned})).code, texts())
    assert script("/js/issuers/qr.js", body, texts()) == wanted
    assert sum("done" in one for one in wanted) == 2 and len(wanted) > 40


ORIGINS = [
    *("https://cert.malan.example", "http://127.0.0.1:8000", "http://localhost", "http://192.168.1.5:8000"),
    *("http://cert.malan.example", "https://cert", "https://xn--a.example", "https://a.example:443"),
    *("https://a.example:0443", "https://1.2.3", "https://1.2.3.4", "http://1.2.3.4", "http://010.0.0.1"),
    *("http://172.15.0.1", "http://172.16.0.1", "http://172.32.0.1", "https://a..b", "https://A.example"),
    *("https://a.example.", "https://a.example/", "ftp://a.example", "https://-a.example", "", "https://a.1"),
    *("https://a.example:65536", "https://a.example:65535", "http://localhost:80", "http://256.0.0.1"),
    *(
        "https://" + "a" * 63 + ".example",
        "https://" + "a" * 64 + ".example",
        "http://127.0.0.1.",
        "https://é.cn",
    ),
]


def test_which_origins_may_be_pinned(script: Script) -> None:
    body = f"({{checkOrigin}}, value) => ({SAID})(value, (text) => checkOrigin(text) ?? null)"
    wanted = python_says(check_origin, ORIGINS)
    assert script("/js/issuers/qr.js", body, ORIGINS) == wanted


def test_which_codes_can_be_typed(script: Script) -> None:
    good = "1234567890123452"
    codes = [
        good, "1234 5678 9012 3452", "1234-5678-9012-3452", "１２３４５６７８９０１２３４５２",
        good[:-1] + "3", good + "0", "", "x", " " * 70, good.replace("1", "l", 1),
        "1234\u20135678\u00a09012\u30003452",
    ]  # fmt: skip
    body = f"({{readCode}}, value) => ({SAID})(value, readCode)"
    wanted = python_says(read_code, codes)
    assert script("/js/issuers/identifiers.js", body, codes) == wanted
    assert wanted[4] == {"code": "CODE_CHECK"}


def test_which_characters_may_stand_in_a_name(script: Script) -> None:
    """Every character of the first plane, each seventh above. What only the younger of the two Unicode tables
    has, the older calls unassigned."""
    codes = [*range(1, 0xD800), *range(0xE000, 0x10000), *range(0x10000, sys.maxunicode, 7)]
    names = [f"欧{chr(code)}娜" for code in codes]
    names += ["", " 欧阳 ", "欧" * 50, "欧" * 51, "123", "·", "\u3000欧阳\u00a0", "𠅤", "\U00031350"]
    body = f"({{checkName}}, value) => ({SAID})(value, checkName).map((one) => one.code ?? one.done)"
    wanted = [
        one.get("code", one.get("done")) for one in python_says(lambda text: check_name(text).shown, names)
    ]
    heard = script("/js/issuers/identifiers.js", body, names)
    different = [one for one in zip(names, wanted, heard, strict=True) if one[1] != one[2]]
    assert [one for one in different if one[1] != "NAME_UNASSIGNED"] == []
    assert all(unicodedata.category(name[1]) == "Cn" for name, _, _ in different)
    assert len(set(wanted) & {"NAME_CONTROL", "NAME_HIDDEN", "NAME_PRIVATE_USE", "NAME_UNASSIGNED"}) == 4
