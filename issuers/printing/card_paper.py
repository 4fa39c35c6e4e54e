"""The paper of a card before anything personal stands on it: border, title, colours, mark of a demonstration.

Promises: one picture for each (kind, demo), made once; and a palette that holds every colour a card uses.
Knows nothing of the holder, the credential or the QR code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from issuers.printing.fonts import face
from issuers.printing.typeset import Colour, draw_line, line_width

WIDTH: Final = 1_240
HEIGHT: Final = 874
"""A5 landscape, 210 mm x 148 mm, at 150 dpi."""

PAPER: Final[Colour] = (255, 255, 255)
INK: Final[Colour] = (34, 31, 28)
LABEL: Final[Colour] = (116, 101, 84)
RED: Final[Colour] = (122, 24, 28)
GOLD: Final[Colour] = (188, 160, 104)
HAIR: Final[Colour] = (230, 222, 207)
_TINT: Final[Colour] = (249, 235, 231)
_BLACK: Final[Colour] = (0, 0, 0)

# Steps between two colours: the edges of letters are drawn in between. Steps finer than 8 would be rounded
# together, and white paper would come out grey.
_BLENDS: Final = (
    (PAPER, INK, 24),
    (PAPER, LABEL, 16),
    (PAPER, RED, 16),
    (PAPER, GOLD, 4),
    (_TINT, INK, 16),
    (_TINT, LABEL, 10),
    (_TINT, RED, 10),
)

ENGLISH_TITLES: Final = {
    "合格证书": "CERTIFICATE OF QUALIFICATION IN ENTREPRENEURSHIP TRAINING",
    "结业证书": "CERTIFICATE OF COMPLETION IN ENTREPRENEURSHIP TRAINING",
}


@lru_cache(maxsize=1)
def palette() -> Image.Image:
    """The colours of a card, as Pillow wants them: an image of mode P. So few make a card a small file."""
    colours = [PAPER, _BLACK, HAIR, _TINT]
    for start, end, steps in _BLENDS:
        for step in range(1, steps + 1):
            colours.append(_blend(start, end, step / steps))
    image = Image.new("P", (1, 1))
    image.putpalette([channel for colour in colours for channel in colour])
    return image


def _blend(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


@lru_cache(maxsize=4)
def _paper(kind: str, demo: bool) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    if demo:
        _draw_demo(image, draw)
    draw.rectangle((28, 28, WIDTH - 29, HEIGHT - 29), outline=RED, width=4)
    draw.rectangle((39, 39, WIDTH - 40, HEIGHT - 40), outline=GOLD, width=1)
    for x, right in ((39, 1), (WIDTH - 40, -1)):
        for y, down in ((39, 1), (HEIGHT - 40, -1)):
            _draw_corner(draw, x=x, y=y, right=right, down=down)
    middle = WIDTH // 2
    centre(draw, f"创业培训{kind}", size=52, baseline=122, colour=RED, bold=True, tracking=14, middle=middle)
    centre(draw, ENGLISH_TITLES[kind], size=14, baseline=152, colour=LABEL, tracking=2, middle=middle)
    draw.line((middle - 250, 174, middle - 16, 174), fill=GOLD)
    draw.line((middle + 16, 174, middle + 250, 174), fill=GOLD)
    draw.polygon(((middle - 6, 174), (middle, 168), (middle + 6, 174), (middle, 180)), fill=RED)
    return image


def fresh_paper(*, kind: str, demo: bool) -> Image.Image:
    """A new RGB image to draw a card on. `kind` is a key of `ENGLISH_TITLES`."""
    return _paper(kind, demo).copy()


def _draw_corner(draw: ImageDraw.ImageDraw, *, x: int, y: int, right: int, down: int) -> None:
    """Two nested angles inside a corner of the inner border."""
    for inset, reach in ((7, 34), (14, 22)):
        side, edge = x + right * inset, y + down * inset
        draw.line(((side, y + down * reach), (side, edge), (x + right * reach, edge)), fill=GOLD)


def _draw_demo(image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
    """样例 across the left column, too light to disturb reading, and a plain sign in the upper right."""
    words, chosen = "样例 DEMO", face(128)
    mask = Image.new("L", (round(line_width(words, face=chosen)) + 20, 170), 0)
    ImageDraw.Draw(mask).text((10, 132), words, font=chosen.font, fill=255, anchor="ls")
    turned = mask.rotate(18, resample=Image.Resampling.BICUBIC, expand=True)
    image.paste(_TINT, (441 - turned.width // 2, 508 - turned.height // 2), turned)
    draw.rectangle((1_004, 84, 1_146, 138), outline=RED, width=2)
    centre(draw, "样例 DEMO", size=21, baseline=110, colour=RED, bold=True, middle=1_075)
    centre(draw, "仅供演示 不具效力", size=13, baseline=129, colour=RED, middle=1_075)


def centre(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    size: int,
    baseline: int,
    colour: Colour,
    middle: int,
    bold: bool = False,
    tracking: int = 0,
) -> None:
    """Draw one line centred on `middle`."""
    chosen = face(size, bold=bold)
    x = middle - line_width(text, face=chosen, tracking=tracking) / 2
    draw_line(draw, text, face=chosen, x=round(x), baseline=baseline, colour=colour, tracking=tracking)
