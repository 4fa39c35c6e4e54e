"""The house rules for what runs in the browser: rooms, sizes, names, and no markup made of text.

As `tests.test_tidy`: each rule is tried on planted violations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest

from registry.scanner_library import PINS
from tests.test_tidy import (
    FUNCTION_MAX,
    LINES_MAX,
    ROOMS,
    ROOT,
    files_are_short,
    modules_have_names,
    nothing_is_put_off,
)

Rule = Callable[[PurePosixPath, str], Iterator[str]]

_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'`]([^"'`]+)["'`]""")
_OURS = re.compile(r"/(?:js/(ledger|issuers|verify)|assets)/[a-z0-9_]+\.js")
_FUNCTION = re.compile(r"^(?:export )?(?:default )?(?:async )?function\*? *(\w+)")
_MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|new Function|eval)\b(?!\w)"
)
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\bstyle=|<style|\son[a-z]+=|javascript:", re.IGNORECASE)
_ELSEWHERE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""")
_NAMESPACE = "http://www.w3.org/"


def scripts_keep_to_the_rooms(path: PurePosixPath, source: str) -> Iterator[str]:
    """ledger <- issuers <- verify <- pages, by absolute addresses of this service."""
    own = ROOMS.index(path.parts[0])
    for line, text in enumerate(source.split("\n"), start=1):
        if text.lstrip().startswith(("*", "/**")):
            continue  # JSDoc names types, it loads nothing
        for name in _IMPORT.findall(text):
            known = _OURS.fullmatch(name)
            room = ROOMS.index(known[1] or "registry") if known else len(ROOMS)
            if room > own:
                yield f"{path}:{line}: import /js/<room to the left>/<file>.js, not {name}"


def scripts_say_what_they_promise(path: PurePosixPath, source: str) -> Iterator[str]:
    """A file opens by saying what it promises."""
    if not source.startswith("/**"):
        yield f"{path}: begin with /** what the module promises and what it may not know */"


def script_functions_are_short(path: PurePosixPath, source: str) -> Iterator[str]:
    """A function fits a screen."""
    name, begun = "", 0
    for line, text in enumerate(source.split("\n"), start=1):
        match = _FUNCTION.match(text)
        if match is not None:
            name, begun = match[1], line
        elif text.startswith("}") and name:
            if line - begun + 1 > FUNCTION_MAX:
                yield f"{path}:{begun}: {name} has {line - begun + 1} lines; name its steps, call those"
            name = ""


def scripts_make_no_markup_of_text(path: PurePosixPath, source: str) -> Iterator[str]:
    """What a certificate says reaches the page as text, never as markup or code."""
    for line, text in enumerate(source.split("\n"), start=1):
        for found in _MARKUP.findall(text):
            yield f"{path}:{line}: {found} makes markup or code of text; build nodes with textContent"


def pages_are_static(path: PurePosixPath, source: str) -> Iterator[str]:
    """No inline script or style, nothing from elsewhere: the content policy would refuse it."""
    for line, text in enumerate(source.split("\n"), start=1):
        if _INLINE.search(text):
            yield f"{path}:{line}: inline script or style; put it in a file of its own"
        if _ELSEWHERE.search(text.replace(_NAMESPACE, "")):
            yield f"{path}:{line}: loads or leads elsewhere; serve it from here"


def pages_speak_both_languages(path: PurePosixPath, source: str) -> Iterator[str]:
    """Every text stands twice; the counts of the two agree."""
    tags = [tag for tag in re.findall(r"<(?!html)[a-z][^>]*>", source) if "data-choose" not in tag]
    zh, en = (sum(f'lang="{lang}"' in tag for tag in tags) for lang in ("zh-CN", "en"))
    if zh != en:
        yield f"{path}: {zh} texts in Chinese, {en} in English; say each in both"


SCRIPT_RULES: tuple[Rule, ...] = (
    scripts_keep_to_the_rooms,
    scripts_say_what_they_promise,
    script_functions_are_short,
    scripts_make_no_markup_of_text,
    files_are_short,
    modules_have_names,
    nothing_is_put_off,
)
PAGE_RULES: tuple[Rule, ...] = (pages_are_static, pages_speak_both_languages, files_are_short)


def found(suffix: str) -> list[PurePosixPath]:
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob(f"*{suffix}")))
    ours = (path for path in paths if path.name not in PINS)  # the fetched library is somebody else's
    return [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in ours]


def complaints(rule: Rule, files: list[PurePosixPath]) -> list[str]:
    return [one for path in files for one in rule(path, (ROOT / path).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("rule", SCRIPT_RULES, ids=lambda rule: rule.__name__)
def test_every_script_keeps_the_rule(rule: Rule) -> None:
    files = found(".js")
    assert len(files) > 30
    assert complaints(rule, files) == []


@pytest.mark.parametrize("rule", PAGE_RULES, ids=lambda rule: rule.__name__)
def test_every_page_keeps_the_rule(rule: Rule) -> None:
    files = [path for path in found(".html") if path.parts[:2] == ("registry", "pages")]
    assert files
    assert complaints(rule, files) == []


PLANTED: list[tuple[Rule, str, str]] = [
    (scripts_keep_to_the_rooms, "ledger/js/x.js", 'import { a } from "/js/issuers/qr.js";'),
    (scripts_keep_to_the_rooms, "issuers/js/x.js", 'export { a } from "/js/verify/check.js";'),
    (scripts_keep_to_the_rooms, "verify/js/x.js", 'await import("/assets/language.js");'),
    (scripts_keep_to_the_rooms, "verify/js/x.js", 'import "./check.js";'),
    (scripts_keep_to_the_rooms, "registry/pages/x.js", 'import x from "https://cdn.example/x.js";'),
    (scripts_keep_to_the_rooms, "registry/pages/x.js", 'import x from "/js/registry/x.js";'),
    (scripts_say_what_they_promise, "verify/js/x.js", "const x = 1;"),
    (script_functions_are_short, "verify/js/x.js", "function f() {\n" + "  x();\n" * FUNCTION_MAX + "}\n"),
    (
        script_functions_are_short,
        "verify/js/x.js",
        "export async function f() {\n" + "  x();\n" * FUNCTION_MAX + "}\n",
    ),
    (files_are_short, "verify/js/x.js", "x\n" * (LINES_MAX + 1)),
    (modules_have_names, "verify/js/utils.js", ""),
    *(
        (scripts_make_no_markup_of_text, "registry/pages/x.js", text)
        for text in ("a.innerHTML = b;", "document.write(a);", "eval(a)", "new Function(a)")
    ),
    *(
        (pages_are_static, "registry/pages/x.html", text)
        for text in (
            "<script>x()</script>",
            '<p style="color: red">',
            '<p onclick="x()">',
            '<script src="https://cdn.example/x.js"></script>',
            '<link href="//cdn.example/x.css">',
        )
    ),
    (pages_speak_both_languages, "registry/pages/x.html", '<html lang="zh-CN"><p lang="zh-CN">好</p>'),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_a_planted_violation_is_named(rule: Rule, path: str, source: str) -> None:
    assert len(list(rule(PurePosixPath(path), source))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (scripts_keep_to_the_rooms, "registry/pages/x.js", 'import { a } from "/js/ledger/cbor.js";'),
        (scripts_keep_to_the_rooms, "registry/pages/x.js", 'import { a } from "/assets/language.js";'),
        (scripts_keep_to_the_rooms, "ledger/js/x.js", ' * @param {import("/js/issuers/x.js").X} x'),
        (script_functions_are_short, "verify/js/x.js", "function f() {\n}\n" + "x();\n" * FUNCTION_MAX),
        (scripts_make_no_markup_of_text, "verify/js/x.js", "evaluate(a); node.textContent = a;"),
        (pages_are_static, "registry/pages/x.html", '<script type="module" src="/assets/x.js"></script>'),
    ],
)
def test_what_keeps_the_rule_is_left_alone(rule: Rule, path: str, source: str) -> None:
    assert list(rule(PurePosixPath(path), source)) == []
