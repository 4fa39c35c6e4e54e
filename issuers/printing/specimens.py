"""Invented certificates to try a template on: one as most are, one with the longest of everything. Pure.

Promises: nobody on them exists, and their QR codes lead nowhere: what stands where a credential would is
filler.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import date
from typing import Final

from issuers.acts.words import CertificateKind
from issuers.printing.card import CardFields
from issuers.printing.page import PageFields
from issuers.qr import make_text

_CODE: Final = "4821903317650028"


def specimens(kind: CertificateKind) -> dict[str, tuple[PageFields, str]]:
    """Invented certificates, with their QR texts: one as most are, one with the longest of everything."""
    qualified = kind is CertificateKind.QUALIFICATION
    plain = CardFields(
        name="王小芳",
        project_zh="创办你的企业（SYB）",
        project_en="Start Your Business (SYB)",
        stage="创业初创期",
        hours=40,
        result="合格" if qualified else "结业",
        kind="合格证书" if qualified else "结业证书",
        number=f"{kind.value}310104253012007000123K",
        issued=date(2025, 3, 4),
        expires=None,
        body="上海市示例创业培训评价中心",
        institution="上海市徐汇区示例职业技能培训学校",
        responsible=("陈思远", "李若兰"),
        code=_CODE,
        official_domain="cert.example.cn",
        demo=False,
    )
    longest = dataclasses.replace(
        plain,
        name="阿卜杜热依木江·阿卜杜克热木阿吉·麦麦提依明江·买买提吐尔逊阿洪·"
        "艾合买提托合提尼亚孜·吾买尔江阿洪",
        project_zh="面向战略性新兴产业与区域特色资源的初创企业经营管理和数字化转型能力提升及国际市场"
        "开拓专题培训班暨马兰花精品课程示范班（第十一期）",
        project_en="Operating and managing a young enterprise in strategic emerging industries, with "
        "regional resources and digital tools (Ma Lan Hua premium course)",
        stage="创业意识激发期",
        hours=2_000,
        expires=date(2028, 12, 31),
        body="中国（上海）自由贸易试验区临港新片区创业培训评价管理服务有限责任公司第一分公司",
        institution="上海市浦东新区临港新片区海洋创新创业职业技能培训学校有限责任公司（滴水湖校区）",
        responsible=("阿卜杜热依木·买买提江", "欧阳思远", "司马若兰", "上官云飞"),
        official_domain="chuangye-peixun.zhengshu.cert.example.cn",
        demo=True,
    )
    long_page = PageFields(
        longest,
        last_four="002X",
        trained=(date(2025, 12, 26), date(2025, 12, 31)),
        remark="补发",
        serial="SHCY000000000001",
    )
    return {
        "plain": (PageFields(plain), _qr(plain.official_domain, size=165)),
        "longest": (long_page, _qr(longest.official_domain, size=310)),
    }


def _qr(host: str, *, size: int) -> str:
    """A text as long as that of a credential of `size` bytes, which it is not."""
    filler = hashlib.shake_256(b"sample").digest(size)
    return make_text(host=f"https://{host}", code=_CODE, credential=filler)
