"""A crowd of invented people, names and courses shaped as real ones, and pictures of their sheets.

Of a hundred: eighteen names of two characters, seventy of three, four of four, four with `·` (7 to 20
characters), two with characters outside the common sets, two in Latin letters: more of the long ones than
Shanghai has. Half of the courses are the standard ones; of the others, of 11 to 33 characters, the longer are
the rarer, which is a guess: nobody counted them. A third of the certificates expire, a third show the last
four of the ID, one in thirty is a later version.
"""

from __future__ import annotations

import dataclasses
import random
from datetime import date
from pathlib import Path

from PIL import Image

from issuers.acts.words import CertificateKind
from issuers.credential import parse_credential, sign_credential
from issuers.printing.certificate_pdf import make_pdf, make_print
from issuers.printing.page import PageFields
from issuers.printing.templates import shipped
from registry.demo.people import GIVEN, RARE, SURNAMES, UYGHUR
from tests.issuers.paper import HOST, drawn, page_of, photographed, shown, signer, text_of

PEOPLE = 1_000
DOUBLE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "尉迟")
WITH_POINT = (*UYGHUR, "扎西·次仁旺堆", "古丽巴哈尔·阿卜杜克热木阿吉·麦麦提依明")
LATIN = ("MARIA FERNANDA GONZALEZ", "JOHN SMITH", "NGUYEN THI MINH")
STANDARD = (
    "产生你的企业想法（GYB）",
    "创办你的企业（SYB）",
    "改善你的企业（IYB）",
    "扩大你的企业（EYB）",
)
OTHERS = (
    "网络创业培训（电商版）",
    "网络创业培训（直播版）",
    "创业模拟实训（数字经济）",
    "新能源汽车后市场创业精品课程",
    "人工智能大模型应用创业精品课程",
    "非物质文化遗产传承人初创企业经营管理",
    "生物医药研发服务初创企业经营管理专题培训班",
    "集成电路设计服务初创企业经营管理与知识产权保护专题培训班",
    "面向战略性新兴产业的初创企业经营管理与数字化转型能力提升专题培训班",
)
DAY = 86_400


def name_of(chance: random.Random) -> str:
    """A name nobody chose."""
    surname = chance.choice(SURNAMES)
    match chance.choices(range(6), (18, 70, 4, 4, 2, 2))[0]:
        case 0:
            return surname + chance.choice(GIVEN)
        case 1:
            return surname + "".join(chance.sample(GIVEN, 2))
        case 2:
            return chance.choice(DOUBLE_SURNAMES) + "".join(chance.sample(GIVEN, 2))
        case 3:
            return chance.choice(WITH_POINT)
        case 4:
            return surname + chance.choice(RARE)
        case _:
            return chance.choice(LATIN)


def course_of(chance: random.Random) -> str:
    """A course of the list; of the others the first nine times as often as the last."""
    if chance.random() < 0.5:
        return chance.choice(STANDARD)
    return chance.choices(OTHERS, range(len(OTHERS), 0, -1))[0]


def certificate_of(number: int) -> tuple[PageFields, bytes]:
    """Page and credential of one of the crowd; the same number gives the same."""
    chance = random.Random(number)
    claims = parse_credential(shown().credentials[0]).claims
    issued_at = claims.issued_at + number
    later = chance.random() < 1 / 30
    claims = dataclasses.replace(
        claims,
        name=name_of(chance),
        course=course_of(chance),
        hours=chance.choice((16, 40, 56, 80, 120)),
        status_index=chance.randrange(2**20),
        issued_at=issued_at,
        expires_at=issued_at + 3 * 365 * DAY if chance.random() < 1 / 3 else None,
        last_four=chance.choice(("0017", "002X")) if chance.random() < 1 / 3 else None,
        version=2 if later else 1,
        first_issued_on=date(2026, 3, 1) if later else None,
    )
    return page_of(claims), sign_credential(claims, signer())


def sheet_of(number: int) -> bytes:
    """The PDF: as it is sent, or, every other, as it is printed on numbered paper."""
    page, credential = certificate_of(number)
    template = shipped(CertificateKind.QUALIFICATION)
    if number % 2:
        page = dataclasses.replace(page, serial=f"SH{number:08d}")
        return make_print([(page, text_of(credential))], template=template, at=0)
    return make_pdf(page, host=HOST, credential=credential, proof=None, template=template)


def pictures_of(number: int, folder: Path) -> dict[str, Image.Image]:
    """The sheet as a scanner at 150 dpi sees it, and its code on a bad photograph of 300 dpi."""
    pdf = sheet_of(number)
    photograph = photographed(drawn(pdf, folder, dpi=300), random.Random(number))
    return {"150 dpi": drawn(pdf, folder, dpi=150), "photograph": photograph}
