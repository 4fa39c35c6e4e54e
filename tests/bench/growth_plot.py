"""The plot of `growth`: time an entry or a proof, and bytes an entry, over the size of the log. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 1_200
HEIGHT: Final = 720
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 350, 90, 90
_INK, _GRID, _PAPER = "#1b1b1b", "#d9d9d9", "#ffffff"
LINES: Final = (
    ("append_us", "append, microseconds an entry", "#0b5cad"),
    ("publish_us", "publish, microseconds an entry", "#b4410e"),
    ("proof_us", "proof, microseconds", "#0f7b3f"),
    ("audit_us", "audit, microseconds an entry", "#7a1fa2"),
    ("database_bytes", "database, bytes an entry", "#555555"),
    ("log_bytes", "log files, bytes an entry", "#9a6b00"),
)


def draw(rows: Sequence[dict[str, Any]]) -> Image.Image:
    """Both axes logarithmic: a flat line does not grow with the log."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    values = [row[name] for row in rows for name, _, _ in LINES]
    low, high = _decade(min(values)), _decade(max(values)) + 1
    sizes = [log10(row["entries"]) for row in rows]
    left, right = min(sizes), max(max(sizes), min(sizes) + 1)

    def place(size: float, value: float) -> tuple[float, float]:
        x = _LEFT + (size - left) / (right - left) * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - (log10(value) - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)
        return x, y

    pen.text((_LEFT, 30), "Malan: what grows with the log", fill=_INK, font=ImageFont.load_default(28))
    for decade in range(low, high + 1):
        _, y = place(left, 10**decade)
        pen.line([(_LEFT, y), (WIDTH - _RIGHT, y)], fill=_GRID)
        pen.text((_LEFT - 14, y), f"{10**decade:,}", fill=_INK, font=font, anchor="rm")
    for row, size in zip(rows, sizes, strict=True):
        x, _ = place(size, 10**low)
        pen.line([(x, _TOP), (x, HEIGHT - _BOTTOM)], fill=_GRID)
        pen.text((x, HEIGHT - _BOTTOM + 14), f"{row['entries']:,}", fill=_INK, font=font, anchor="ma")
    pen.text(((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 34), "entries", fill=_INK, font=font, anchor="ma")
    names: list[float] = []
    for name, words, colour in sorted(LINES, key=lambda line: -float(rows[-1][line[0]])):
        points = [place(size, row[name]) for row, size in zip(rows, sizes, strict=True)]
        pen.line(points, fill=colour, width=4)
        for x, y in points:
            pen.ellipse([(x - 6, y - 6), (x + 6, y + 6)], fill=colour)
        at = max(points[-1][1], names[-1] + 26 if names else 0)  # names never lie upon each other
        names.append(at)
        pen.text((WIDTH - _RIGHT + 18, at), words, fill=colour, font=font, anchor="lm")
    return image


def _decade(value: float) -> int:
    return int(log10(value)) if value >= 1 else int(log10(value)) - 1
