"""Invented people for the demo, as the CSV files offices export. Pure: the same seed gives the same files.

Every ID number passes its check digit and uses the sequence 000, which is never issued; every organisation
code uses letters no registry has given out together with 申城 and 浦江, names of nobody.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum.cn import ric
from stdnum.cn.uscc import calc_check_digit

SURNAMES = "沈崔贾蒋陆顾严陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
GIVEN = "明雅栋平岚清远思齐书宁一帆景行若水知微子墨怀瑾云舒望舒安之可心嘉言乐山"
UYGHUR = ("买买提·艾合买提", "阿依古丽·买买提", "古丽娜尔·吐尔逊", "阿卜杜热西提·阿卜杜克热木")
RARE = ("龘喆", "𠮷祥", "㛃䶮")
TRADES = ("信息科技", "文化传播", "设计咨询", "商贸", "餐饮管理", "环保工程", "农产品")
PLACES = ("申城青禾", "浦江鹿鸣", "申城木棉", "浦江白鹭", "申城听雨", "浦江拾光")
ROLES = ("法定代表人", "负责人", "持股合伙人")
REGIONS = ("310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310115")
COMPONENTS = ("理论成绩", "创业计划书", "答辩")
Row = tuple[object, ...]
DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented trainee."""

    name: str
    id_number: str
    organisation: str
    uscc: str
    role: str
    founded_on: date
    attended: int


def invent(count: int, *, today: date, hours: int, seed: int) -> list[Person]:
    """`count` people with different ID numbers; about one in ten attended too little."""
    random = Random(seed)  # noqa: S311  # invented people, not secrets
    born = date(1962, 1, 1)
    days = random.sample(range(365 * 40), count)
    people = []
    for place in range(count):
        birth = born + timedelta(days=days[place])
        front = f"{random.choice(REGIONS)}{birth:%Y%m%d}000"
        stem = "91310101" + "".join(random.choice(DIGITS) for _ in range(9))
        people.append(
            Person(
                name=_name(random, place),
                id_number=front + ric.calc_check_digit(front + "0"),
                organisation=f"{random.choice(PLACES)}{random.choice(TRADES)}有限公司",
                uscc=stem + calc_check_digit(stem),
                role=random.choice(ROLES),
                founded_on=today - timedelta(days=random.randint(100, 1000)),
                attended=hours // 2 if place % 10 == 7 else hours - random.randint(0, hours // 10),
            )
        )
    return people


def roster_csv(people: list[Person]) -> bytes:
    """The roster as an institution exports it: UTF-8 with BOM, Chinese headers."""
    head = (
        "姓名",
        "证件类型",
        "证件号码",
        "所在企业",
        "统一社会信用代码",
        "身份",
        "企业成立日期",
        "出勤课时",
    )
    rows: list[Row] = [
        (
            p.name,
            "居民身份证",
            p.id_number,
            p.organisation,
            p.uscc,
            p.role,
            p.founded_on,
            p.attended,
        )
        for p in people
    ]
    return _csv(head, rows)


def sheets_csv(people: list[Person], *, seed: int) -> tuple[bytes, bytes]:
    """Two evaluators' score sheets that agree within a few points; about one in eight fails."""
    random = Random(seed)  # noqa: S311
    first: list[Row] = []
    second: list[Row] = []
    for place, person in enumerate(people):
        low = 45 if place % 8 == 5 else 70
        marks = [random.randint(low, low + 18) for _ in COMPONENTS]
        first.append((person.name, person.id_number, *marks))
        second.append((person.name, person.id_number, *(mark + random.randint(-4, 4) for mark in marks)))
    head = ("姓名", "证件号码", *COMPONENTS)
    return _csv(head, first), _csv(head, second)


def _name(random: Random, place: int) -> str:
    if place % 11 == 3:
        return UYGHUR[place % len(UYGHUR)]
    if place % 13 == 5:
        return random.choice(SURNAMES) + RARE[place % len(RARE)][0] + "安"
    return random.choice(SURNAMES) + "".join(random.sample(GIVEN, random.randint(1, 2)))


def _csv(head: tuple[str, ...], rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
