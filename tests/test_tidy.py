"""The house rules that a machine can hold: rooms, doors, sizes, names, what is shipped.

Each rule is a function from a path and a source to complaints that say what to write instead; each is tried
on planted violations, so that a rule that sleeps is noticed.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("ledger", "issuers", "verify", "registry")
LINES_MAX, FUNCTION_MAX = 300, 60
DOOR_MODULES = {
    *("os", "pathlib", "socket", "sqlite3", "sqlalchemy", "httpx", "subprocess", "time", "secrets", "random"),
    *("urllib", "shutil", "tempfile", "getpass", "ssl"),
}
PURE_PARTS = {"urllib.parse"}  # takes addresses apart, opens none
CLOCKS = {"now", "today", "utcnow"}
LAZY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc"}
LATER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")

Rule = Callable[[PurePosixPath, str], Iterator[str]]


def product() -> list[PurePosixPath]:
    """Every Python file of the four rooms, relative to the repository."""
    found = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in found]


def harnesses() -> list[PurePosixPath]:
    """Every Python file of the tests, relative to the repository."""
    return [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in sorted(ROOT.glob("tests/**/*.py"))]


def called(node: ast.Call) -> str:
    """The last word of what is called."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def imported(tree: ast.AST) -> Iterator[tuple[int, str, int]]:
    """Line, dotted name and level of every import, also of those by name at run time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (node.lineno, f"{node.module or ''}.{alias.name}", node.level) for alias in node.names
            )
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__"):
            yield from (
                (node.lineno, str(one.value), 0) for one in node.args if isinstance(one, ast.Constant)
            )


def rooms_in_line(path: PurePosixPath, source: str) -> Iterator[str]:
    """ledger <- issuers <- verify <- registry, by absolute names."""
    own = ROOMS.index(path.parts[0])
    for line, name, level in imported(ast.parse(source)):
        if level:
            yield f"{path}:{line}: write the import from the top: from {path.parts[0]}.… import …"
        elif name.split(".")[0] in ROOMS[own + 1 :]:
            yield f"{path}:{line}: {path.parts[0]} may not know {name}; take the value as an argument"
        elif name.split(".")[0] == "tests":
            yield f"{path}:{line}: the product may not know its tests; move what is shared into a room"


def doors_are_named(path: PurePosixPath, source: str) -> Iterator[str]:
    """Below registry, I/O, clocks and randomness live in modules whose first line says "Door:"."""
    tree = ast.parse(source)
    if path.parts[0] == "registry" or (ast.get_docstring(tree) or "").startswith("Door:"):
        return
    advice = "take bytes, times and randomness as arguments, or begin 'Door:'"
    for line, name, _ in imported(tree):
        pure = any(f"{name}.".startswith(f"{one}.") for one in PURE_PARTS)
        if name.split(".")[0] in DOOR_MODULES and not pure:
            yield f"{path}:{line}: {name} is I/O: {advice}"
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="open" | "input" as name)):
                yield f"{path}:{node.lineno}: {name}() in a pure module: take the bytes as an argument"
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in CLOCKS:
                if getattr(owner, "id", getattr(owner, "attr", "")) in ("datetime", "date"):
                    yield f"{path}:{node.lineno}: a clock in a pure module: take the time as an argument"


def modules_say_what_they_promise(path: PurePosixPath, source: str) -> Iterator[str]:
    """Every module opens with a docstring."""
    if source.strip() and not ast.get_docstring(ast.parse(source)):
        yield f"{path}:1: begin with a docstring: what the module promises and what it may not know"


def files_are_short(path: PurePosixPath, source: str) -> Iterator[str]:
    """A file that passes 300 lines wants a wall."""
    lines = source.count("\n")
    if lines > LINES_MAX:
        yield f"{path}: {lines} lines; split it where two things meet, at most {LINES_MAX}"


def functions_are_short(path: PurePosixPath, source: str) -> Iterator[str]:
    """A function fits a screen."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_MAX:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines; name its steps, call those"


def modules_have_names(path: PurePosixPath, source: str) -> Iterator[str]:
    """A module is called after what it knows."""
    for part in (*path.parts[:-1], path.stem):
        if LAZY_NAMES & set(re.split(r"[_-]", part.lower())):
            yield f"{path}: '{part}' says nothing; name the one thing the module knows"


def nothing_is_put_off(path: PurePosixPath, source: str) -> Iterator[str]:
    """What is not done is an issue, not a comment."""
    for line, text in enumerate(source.split("\n"), start=1):
        if LATER.search(text):
            yield f"{path}:{line}: do it, or write it down as an issue and delete the comment"


RULES: tuple[Rule, ...] = (
    rooms_in_line,
    doors_are_named,
    modules_say_what_they_promise,
    files_are_short,
    functions_are_short,
    modules_have_names,
    nothing_is_put_off,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    files = product()
    assert len(files) > 40
    complaints = [one for path in files for one in rule(path, (ROOT / path).read_text(encoding="utf-8"))]
    assert complaints == [], "\n" + "\n".join(complaints)


def test_the_tests_are_short_as_well() -> None:
    files = harnesses()
    assert len(files) > 200
    complaints = [one for path in files for one in files_are_short(path, (ROOT / path).read_text("utf-8"))]
    assert complaints == [], "\n" + "\n".join(complaints)


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * FUNCTION_MAX
PLANTED: list[tuple[Rule, str, str, str]] = [
    (rooms_in_line, "ledger/x.py", "import issuers.qr\n", "take the value as an argument"),
    (rooms_in_line, "ledger/x.py", "from registry import tables\n", "take the value as an argument"),
    (rooms_in_line, "issuers/x.py", "def f():\n    from verify.check import check\n", "take the value"),
    (
        rooms_in_line,
        "verify/a/x.py",
        "import_module('registry.storage.tables')\n",
        "take the value as an argument",
    ),
    (rooms_in_line, "verify/x.py", "from . import check\n", "from verify.… import …"),
    (rooms_in_line, "verify/x.py", "from ..issuers import qr\n", "from verify.… import …"),
    (rooms_in_line, "registry/x.py", "from tests.world import World\n", "move what is shared into a room"),
    *(
        (doors_are_named, "verify/x.py", f"{how}\n", "as arguments, or begin 'Door:'")
        for name in sorted(DOOR_MODULES)
        for how in (
            f"import {name}",
            f"from {name} import x",
            f"import {name}.x",
            f"def f():\n    import {name}",
        )
    ),
    (doors_are_named, "ledger/x.py", "data = open('x').read()\n", "take the bytes"),
    (doors_are_named, "ledger/x.py", "name = input()\n", "take the bytes"),
    (doors_are_named, "issuers/x.py", "from datetime import datetime\nx = datetime.now()\n", "take the time"),
    (doors_are_named, "issuers/x.py", "import datetime\nx = datetime.date.today()\n", "take the time"),
    (doors_are_named, "issuers/x.py", "'''A Door: to x.'''\nimport os\n", "begin 'Door:'"),
    (modules_say_what_they_promise, "ledger/x.py", "x = 1\n", "what the module promises"),
    (modules_say_what_they_promise, "ledger/x.py", "# A comment.\nx = 1\n", "what the module promises"),
    (files_are_short, "registry/x.py", "x = 1\n" * (LINES_MAX + 1), "at most 300"),
    (functions_are_short, "registry/x.py", LONG_FUNCTION, "name its steps"),
    (functions_are_short, "registry/x.py", LONG_FUNCTION.replace("def", "async def"), "name its steps"),
    (modules_have_names, "ledger/utils.py", "", "the one thing the module knows"),
    (modules_have_names, "issuers/qr_helpers.py", "", "the one thing the module knows"),
    (modules_have_names, "registry/common/x.py", "", "the one thing the module knows"),
    (modules_have_names, "registry/task_manager.py", "", "the one thing the module knows"),
    (modules_have_names, "verify/base.py", "", "the one thing the module knows"),
    (nothing_is_put_off, "ledger/x.py", "x = 1  # TO" + "DO: check\n", "write it down as an issue"),
    (nothing_is_put_off, "ledger/x.py", "# FIX" + "ME\n", "write it down as an issue"),
]

INNOCENT: list[tuple[Rule, str, str]] = [
    (rooms_in_line, "registry/x.py", "import ledger, issuers.qr\nfrom verify import check\n"),
    (rooms_in_line, "ledger/x.py", "from ledger import cbor\nimport registryless\n"),
    (doors_are_named, "ledger/x.py", "'''Door: writes files.'''\nimport os, time\nopen('x')\n"),
    (doors_are_named, "registry/x.py", "import os, secrets\nopen('x')\n"),
    (doors_are_named, "ledger/x.py", "import osmosis, hashlib\nfrom datetime import date\nbook.open('x')\n"),
    (doors_are_named, "ledger/x.py", "from urllib.parse import urlsplit\nimport urllib.parse\n"),
    (doors_are_named, "ledger/x.py", "x = date.fromisoformat('2026-01-01')\nclock.now()\n"),
    (modules_say_what_they_promise, "ledger/__init__.py", ""),
    (files_are_short, "registry/x.py", "x = 1\n" * LINES_MAX),
    (functions_are_short, "registry/x.py", LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (modules_have_names, "issuers/base64url.py", ""),
    (modules_have_names, "issuers/sign/commands/baseline.py", ""),
    (nothing_is_put_off, "ledger/x.py", "TODAY = 'mañana'\n"),
]


@pytest.mark.parametrize(("rule", "path", "source", "advice"), PLANTED)
def test_a_planted_violation_is_named_with_what_to_write_instead(
    rule: Rule, path: str, source: str, advice: str
) -> None:
    complaints = list(rule(PurePosixPath(path), source))
    assert len(complaints) == 1, complaints
    assert complaints[0].startswith(path)
    assert advice in complaints[0]


@pytest.mark.parametrize(("rule", "path", "source"), INNOCENT)
def test_what_keeps_the_rule_is_left_alone(rule: Rule, path: str, source: str) -> None:
    assert list(rule(PurePosixPath(path), source)) == []


# What is shipped.


def setuptools() -> dict[str, object]:
    """The packaging part of pyproject.toml."""
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    return found


def unshipped(paths: list[PurePosixPath], packages: list[str], data: list[str]) -> list[str]:
    """Files of the rooms that a wheel would leave behind, each with what to do."""
    folders = {path.parent for path in paths if path.name == "__init__.py"}
    complaints = []
    for path in paths:
        dotted = ".".join(path.parent.parts)
        if path.parent not in folders and path.suffix == ".py":
            complaints.append(f"{path}: its folder is no package; add {path.parent}/__init__.py")
        elif not any(fnmatch.fnmatchcase(dotted, pattern) for pattern in packages):
            complaints.append(f"{path}: add '{path.parts[0]}*' to tool.setuptools.packages.find.include")
        elif path.suffix != ".py" and not any(fnmatch.fnmatchcase(path.name, pattern) for pattern in data):
            complaints.append(f"{path}: add '*{path.suffix}' to tool.setuptools.package-data")
    return complaints


def test_every_file_of_the_rooms_is_shipped() -> None:
    declared = setuptools()
    packages = declared["packages"]["find"]["include"]  # type: ignore[index]
    data = declared["package-data"]["*"]  # type: ignore[index]
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()]
    paths = [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in files]
    complaints = unshipped([path for path in paths if "__pycache__" not in path.parts], packages, data)
    assert complaints == [], "\n" + "\n".join(complaints)
    assert sorted(packages) == sorted(f"{room}*" for room in ROOMS)


def test_a_planted_file_that_would_be_left_behind_is_named() -> None:
    paths = [
        PurePosixPath(text)
        for text in ("ledger/__init__.py", "ledger/a.md", "ledger/b/c.py", "ledger/d.toml")
    ]
    assert unshipped(paths, ["ledger*"], ["*.md"]) == [
        "ledger/b/c.py: its folder is no package; add ledger/b/__init__.py",
        "ledger/d.toml: add '*.toml' to tool.setuptools.package-data",
    ]
    assert len(unshipped(paths[:2], ["issuers*"], ["*.md"])) == 2
