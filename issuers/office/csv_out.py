"""Tables for spreadsheets, in which no cell can act: rows in, bytes out. Pure.

Promises: what was text stays text. A cell a spreadsheet would run as a formula gets a leading apostrophe
and is never run. Knows nothing of what the cells mean.

Form: RFC 4180 with CRLF, UTF-8 with BOM (without it spreadsheets take Chinese for another encoding).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
# Full-width signs too: some spreadsheets in Chinese and Japanese settings take them for the ASCII ones.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_RAW_STARTS: Final = ("\t", "\r", "\n")
_QUOTED: Final = frozenset('",\r\n')


def escape_cell(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would see a formula, spaces aside."""
    if text.startswith(_RAW_STARTS) or text.lstrip().startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as a file; every cell is escaped, and quoted where RFC 4180 asks for it."""
    lines = (",".join(_quote(escape_cell(cell)) for cell in row) for row in (header, *rows))
    return _BOM + "".join(f"{line}\r\n" for line in lines).encode()


def _quote(cell: str) -> str:
    if not _QUOTED.intersection(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
