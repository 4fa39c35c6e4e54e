"""Text in a box of pixels: broken into lines by Chinese rules, shrunk when long, never cut.

Promises: what does not fit at the smallest size allowed is refused, so nothing printed is ever incomplete.
Knows nothing of certificates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import ImageDraw

from issuers.printing.fonts import Face, face
from ledger.errors import Refused

Colour = tuple[int, int, int]
Step = tuple[int, int]
"""A size in pixels and the number of lines allowed at that size."""

_Piece = tuple[str, float]

_PIECES: Final = re.compile(r"\w{1,12}·|[0-9A-Za-z][0-9A-Za-z.,:;'’/&()+-]*|\s+|.", re.DOTALL)
_NEVER_FIRST: Final = frozenset("，。、；：！？）》」』】〉”’·•…％%,.;:!?)")
_NEVER_LAST: Final = frozenset("（《「『【〈“‘(")
_CARRIED_MAX: Final = 2
_BALANCE_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Lines ready to draw."""

    lines: tuple[str, ...]
    face: Face
    size: int
    leading: int

    @property
    def height(self) -> int:
        """Pixels from the top of the first line to the bottom of the last; a character fills the em."""
        return self.size + self.leading * (len(self.lines) - 1)


def _pieces(text: str, *, face: Face, width: int) -> list[_Piece]:
    """What is not broken unless it alone is too wide, with widths; they add up, for no pair is kerned."""
    pieces: list[_Piece] = []
    for piece in _PIECES.findall(text):
        wide = face.font.getlength(piece)
        parts = [(piece, wide)] if wide <= width else [(part, face.font.getlength(part)) for part in piece]
        pieces.extend(parts)
    return pieces


def _wrapped(pieces: Sequence[_Piece], *, width: int) -> list[str]:
    """Lines of at most `width` pixels.

    Breaks fall between Chinese characters, at spaces, or after the dot `·` of a name. No line starts with a
    closing mark and none ends with an opening mark, unless a text is made of such marks.
    """
    lines: list[list[_Piece]] = [[]]
    used = 0.0
    for piece, wide in pieces:
        if used + wide > width and lines[-1] and not piece.isspace():
            carried = _carried(lines[-1], piece)
            used = sum(part for _, part in carried)
            if used + wide > width:
                carried, used = [], 0.0
            del lines[-1][len(lines[-1]) - len(carried) :]
            lines.append(carried)
        lines[-1].append((piece, wide))
        used += wide
    texts = ["".join(piece for piece, _ in line).strip() for line in lines]
    return [line for line in texts if line]


def _carried(line: list[_Piece], piece: str) -> list[_Piece]:
    """The last pieces of `line` that must go down with `piece`; none when two do not mend the break."""
    for count in range(min(_CARRIED_MAX + 1, len(line))):
        first = line[-count][0] if count else piece
        if first not in _NEVER_FIRST and line[-count - 1][0] not in _NEVER_LAST:
            return line[len(line) - count :]
    return []


def fit(text: str, *, width: int, steps: Sequence[Step], where: str, bold: bool = False) -> Block:
    """Set `text` at the first step at which its lines are few enough; lines are balanced in length.

    Raises `Refused` CARD_TEXT_TOO_LONG, naming the field `where`, when it does not fit at the last step.
    """
    for size, most in steps:
        chosen = face(size, bold=bold)
        pieces = _pieces(text, face=chosen, width=width)
        lines = _wrapped(pieces, width=width)
        if len(lines) <= most:
            if len(lines) > 1:
                lines = _balanced(pieces, width=width, count=len(lines))
            return Block(lines=tuple(lines), face=chosen, size=size, leading=round(size * 1.36))
    raise Refused(
        "CARD_TEXT_TOO_LONG",
        "the text does not fit on the card at a readable size",
        where=where,
        fix="Use the official short form.",
    )


def _balanced(pieces: Sequence[_Piece], *, width: int, count: int) -> list[str]:
    """The narrowest setting that needs no more lines: a last line of one character looks like a mistake."""
    low, high = int(max(wide for _, wide in pieces)), width
    while high - low > _BALANCE_PX:
        middle = (low + high) // 2
        if len(_wrapped(pieces, width=middle)) <= count:
            high = middle
        else:
            low = middle
    return _wrapped(pieces, width=high)


def draw_block(draw: ImageDraw.ImageDraw, block: Block, *, x: int, top: int, colour: Colour) -> None:
    """Draw the lines flush left from `x`, the first one's top at `top`."""
    for number, line in enumerate(block.lines):
        baseline = top + round(block.size * 0.88) + number * block.leading
        draw_line(draw, line, face=block.face, x=x, baseline=baseline, colour=colour)


def draw_line(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    face: Face,
    x: float,
    baseline: int,
    colour: Colour,
    tracking: int = 0,
) -> None:
    """Draw one line from `x`, with `tracking` pixels added after each character."""
    for part in text if tracking else (text,):
        draw.text(
            (x, baseline),
            part,
            font=face.font,
            fill=colour,
            anchor="ls",
            stroke_width=face.stroke,
            stroke_fill=colour,
        )
        x += face.font.getlength(part) + tracking


def line_width(text: str, *, face: Face, tracking: int = 0) -> float:
    """Width in pixels of what `draw_line` draws, without the tracking after the last character."""
    return face.font.getlength(text) + tracking * max(len(text) - 1, 0)
