"""What the tests of paper share: pages of a world, a PDF drawn by poppler, two readers of codes."""

from __future__ import annotations

import dataclasses
import io
import random
import shutil
import subprocess
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from issuers.acts.words import CertificateKind
from issuers.credential import Credential, parse_credential, sign_credential
from issuers.printing.page import PageFields
from issuers.printing.specimens import specimens
from issuers.qr import make_text
from ledger.keys import ES256, SoftwareSigner, from_seed
from tests.world import World
from tests.world_parts import HOST, seeded

QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
NAMES = ("王小芳", "欧阳娜娜", "𠮷𬱖𨱏", "阿卜杜热依木·买买提江", "龘" * 50, "古丽·" * 12 + "努尔")
COURSES = (
    "创办你的企业（SYB）",
    "面向战略性新兴产业的初创企业经营管理与数字化转型能力提升专题培训班",
)


@lru_cache(maxsize=1)
def signer() -> SoftwareSigner:
    """A body's key."""
    return from_seed(ES256, seeded("paper", 48))


@lru_cache(maxsize=1)
def shown() -> World:
    """A world with certificates."""
    return World.founded().with_standard().with_class().with_results().with_certificates()


def certificate(number: int) -> tuple[PageFields, bytes]:
    """Page and credential of an invented person; every seventh has the longest of everything."""
    chance, long = random.Random(number), number % 7 == 0
    claims = parse_credential(shown().credentials[0]).claims
    claims = dataclasses.replace(
        claims,
        # A long course with the longest name would need a larger code than there is.
        name=NAMES[number % (4 if long else len(NAMES))],
        course=COURSES[long],
        status_index=chance.randrange(2**20),
        issued_at=claims.issued_at + number,
    )
    return page_of(claims, long=long), sign_credential(claims, signer())


def page_of(claims: Credential, *, long: bool = False) -> PageFields:
    """A page that says what a credential says."""
    page, _ = specimens(CertificateKind.QUALIFICATION)["longest" if long else "plain"]
    card = dataclasses.replace(
        page.card,
        name=claims.name,
        project_zh=claims.course,
        hours=claims.hours,
        number=claims.number,
        code=claims.code,
        official_domain=HOST.removeprefix("https://"),
        issued=date(2026, 3, 13),
        expires=None,
        demo=False,
    )
    return dataclasses.replace(page, card=card, serial=None)


def text_of(credential: bytes) -> str:
    """The QR text of a credential."""
    code = parse_credential(credential).claims.code
    return make_text(host=HOST, code=code, credential=credential)


def drawn(pdf: bytes, folder: Path, *, dpi: int, page: int = 1) -> Image.Image:
    """A page as poppler draws it."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler (pdftoppm) is not installed")
    (folder / "drawn.pdf").write_bytes(pdf)
    # As plain PGM: to pack the picture as PNG would take seven times as long as to draw it.
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-gray", "drawn.pdf"]
    made = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return Image.open(io.BytesIO(made.stdout)).convert("L")


def read_by_zxing(image: Image.Image) -> list[str]:
    """Every text one reader finds."""
    return [code.text for code in zxingcpp.read_barcodes(image, formats=QR_ONLY)]


def read_by_zbar(image: Image.Image) -> list[str]:
    """Every text another reader finds."""
    try:
        from pyzbar import pyzbar
    except ImportError:
        pytest.skip("the system library libzbar is not installed")
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])  # type: ignore[no-untyped-call]
    return [code.data.decode() for code in found]


def place_of(image: Image.Image) -> tuple[int, int, int]:
    """Left, top and side of the code in a picture, without its quiet zone."""
    (code,) = zxingcpp.read_barcodes(image, formats=QR_ONLY)
    corner, other = code.position.top_left, code.position.top_right
    return corner.x, corner.y, other.x - corner.x


def photographed(
    image: Image.Image, chance: random.Random, *, damage: float = 0.08, blur: float = 1.0
) -> Image.Image:
    """The code and what is around it as a bad photograph shows it: a stain over `damage` of the code's
    area, a blur (radius in pixels), from aside, as JPEG of quality 40."""
    left, top, side = place_of(image)
    worn = image.copy()
    stain = int(side * damage**0.5)
    # Not over the corner the code is found by: a code without its finder is no code to any reader.
    x = left + chance.randrange(int(side * 0.3), side - stain - int(side * 0.02))
    y = top + chance.randrange(int(side * 0.3), side - stain - int(side * 0.02))
    ImageDraw.Draw(worn).rectangle((x, y, x + stain, y + stain), fill=chance.choice((0, 128, 255)))
    margin = side // 4
    crop = worn.crop((left - margin, top - margin, left + side + margin, top + side + margin))
    crop = crop.filter(ImageFilter.GaussianBlur(blur))
    wide, lean = crop.width, [chance.uniform(0.0, 0.04) for _ in range(4)]
    corners = (
        *(-lean[0] * wide, -lean[1] * wide, -lean[2] * wide, (1 + lean[3]) * wide),
        *((1 + lean[0]) * wide, (1 + lean[2]) * wide, (1 + lean[1]) * wide, -lean[3] * wide),
    )
    tilted = crop.transform(crop.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=255)
    out = io.BytesIO()
    tilted.save(out, "JPEG", quality=40)
    return Image.open(io.BytesIO(out.getvalue())).convert("L")
