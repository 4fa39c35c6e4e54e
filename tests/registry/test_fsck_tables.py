"""`registry/docs/fsck.md` says how every table stands to the log; MALAN_REWRITE=1 writes its tables anew."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ledger.store import metadata as ledger_metadata
from registry.fsck.tables import PUBLISHED, TABLES, Standing, Stands
from registry.storage.tables import metadata

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "registry" / "docs" / "fsck.md"
STANDING = {
    Standing.LOG: "the log 账本",
    Standing.REBUILT: "rebuilt 重建",
    Standing.RESTATED: "restated 复核",
    Standing.APART: "not from the log 不出自账本",
}
# About the whole database, not about a table.
WHOLE = {"SCHEMA_DIFFERS", "VALUE_TYPE"}
# A leaf's own faults are named by the codes of the walk, which are those of `ledger.leaf` and the judge.
WALK = {"ACT_REFUSED"}


def known() -> set[str]:
    return {one.name for tables in (ledger_metadata, metadata) for one in tables.sorted_tables}


def said() -> Iterator[str]:
    """Every code that a module of fsck says."""
    for path in sorted((ROOT / "registry" / "fsck").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Departure"), args=[ast.Constant(value=str(code)), *_]):
                    yield code
                case ast.Call(func=ast.Attribute(attr="_depart"), args=[ast.Constant(value=str(code)), *_]):
                    yield code


def test_every_table_has_its_row_and_no_row_is_of_no_table() -> None:
    assert set(TABLES) == known()
    for name, row in TABLES.items():
        columns = (ledger_metadata.tables.get(name), metadata.tables.get(name))
        table = next(one for one in columns if one is not None)
        assert set(row.scratch) <= set(table.columns.keys()), name


def test_every_code_belongs_to_a_table_or_a_file_and_is_said_somewhere() -> None:
    told = {code for row in (*TABLES.values(), *PUBLISHED.values()) for code in row.codes}
    assert set(said()) == told | WHOLE | WALK


def test_what_can_be_judged_has_a_code_and_a_reason_in_both_languages() -> None:
    for name, row in (*TABLES.items(), *PUBLISHED.items()):
        assert row.codes or row.standing is Standing.APART, name
        assert row.zh and row.en, name


def row_of(name: str, row: Stands) -> str:
    codes = ", ".join(f"`{code}`" for code in row.codes) or "–"
    scratch = "".join(f" `{column}`" for column in row.scratch)
    unseen = f" Not judged 不核对:{scratch}." if scratch else ""
    return f"| `{name}` | {STANDING[row.standing]} | {row.zh}。{row.en}.{unseen} | {codes} |\n"


def table(rows: Mapping[str, Stands], first: str) -> str:
    names = (first, "standing 与账本的关系", "what is compared 核对内容", "named by 偏离代码")
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    return head + "".join(row_of(name, row) for name, row in rows.items())


def parts() -> dict[str, str]:
    """What stands between the marks of the page."""
    return {"tables": table(TABLES, "table 表"), "files": table(PUBLISHED, "file 文件")}


def test_the_page_holds_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for mark, right in parts().items():
        begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
        before, _, rest = text.partition(begin)
        held, _, after = rest.partition(end)
        if os.environ.get("MALAN_REWRITE"):
            text = before + begin + right + end + after
            PAGE.write_text(text, encoding="utf-8")
            held = right
        assert held == right, "run this test with MALAN_REWRITE=1 and look at the page"


def test_a_row_that_changed_is_noticed() -> None:
    row = TABLES["hold"]
    other = Stands(Standing.APART, row.codes, row.zh, row.en)
    text = PAGE.read_text(encoding="utf-8")
    assert row_of("hold", row) in text
    assert row_of("hold", other) not in text
