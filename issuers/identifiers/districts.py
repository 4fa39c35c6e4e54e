"""The sixteen districts of Shanghai by their codes of GB/T 2260. Pure.

Promises the codes in force since 2016 (崇明 became a district as 310151). Abolished codes (南市 310102, 卢湾
310103, 闸北 310108, 南汇 310119, the counties 3102xx) live on in identity numbers and are not districts here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.errors import Malformed

CITY_CODE: Final = "310000"
"""Shanghai itself: what the city centre runs belongs to no district."""


@dataclass(frozen=True, slots=True)
class District:
    """A district with its Chinese and English name."""

    code: str
    name: str
    name_en: str


_ALL: Final = (
    District("310101", "黄浦区", "Huangpu District"),
    District("310104", "徐汇区", "Xuhui District"),
    District("310105", "长宁区", "Changning District"),
    District("310106", "静安区", "Jing'an District"),
    District("310107", "普陀区", "Putuo District"),
    District("310109", "虹口区", "Hongkou District"),
    District("310110", "杨浦区", "Yangpu District"),
    District("310112", "闵行区", "Minhang District"),
    District("310113", "宝山区", "Baoshan District"),
    District("310114", "嘉定区", "Jiading District"),
    District("310115", "浦东新区", "Pudong New Area"),
    District("310116", "金山区", "Jinshan District"),
    District("310117", "松江区", "Songjiang District"),
    District("310118", "青浦区", "Qingpu District"),
    District("310120", "奉贤区", "Fengxian District"),
    District("310151", "崇明区", "Chongming District"),
)

DISTRICTS: Final[Mapping[str, District]] = MappingProxyType({district.code: district for district in _ALL})
"""Code to district, in the order of the codes."""


def check_district(code: str) -> District:
    """The district of a six-digit code. Raises Malformed DISTRICT_UNKNOWN."""
    district = DISTRICTS.get(code)
    if district is None:
        raise Malformed("DISTRICT_UNKNOWN", "not the code of a district of Shanghai (GB/T 2260)")
    return district
