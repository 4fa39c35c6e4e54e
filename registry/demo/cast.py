"""Who is who in the demo: parties and people, all invented. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from stdnum.cn import ric

from issuers.acts.words import Duty, Role
from issuers.identifiers.districts import DISTRICTS


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a party: a short name for files, what they do, and an invented identity."""

    name: str
    duties: tuple[Duty, ...]
    chinese: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Cast:
    """A party with its people; the first member is its admin."""

    party: str
    role: Role
    chinese: str
    english: str
    region: str
    members: tuple[Member, ...] = field(default=())
    code: str | None = None
    uscc: str | None = None


CITY = "city"
BODY = "body-shenlan"
INSTITUTION = "school-qinghe"
HOME_DISTRICT = "district-310104"
OTHER_DISTRICT = "district-310115"
ROOTS = ("root-1", "root-2", "root-3")
PROJECTS = ("001",)

Wanted = tuple[str, tuple[Duty, ...]]

_NAMES = ("方清远", "林知微", "何若水", "顾行舟", "谢安之", "陶怀瑾", "姜嘉言", "潘墨书", "苏望舒", "章一帆")


def cast() -> tuple[Cast, ...]:
    """Every party but the genesis keys: the city's offices, sixteen districts, a body, an institution."""
    people = _Identities()
    parties = [
        Cast(
            CITY,
            Role.CITY,
            "上海市就业促进中心（演示）",
            "City centre (demo)",
            "310000",
            people.take(("admin", (Duty.ADMIN,)), ("standards", (Duty.STANDARDS,))),
        ),
    ]
    for code, district in DISTRICTS.items():
        wanted: list[tuple[str, tuple[Duty, ...]]] = [
            ("admin", (Duty.ADMIN,)),
            ("supervisor", (Duty.SUPERVISOR,)),
        ]
        if code in (HOME_DISTRICT[-6:], OTHER_DISTRICT[-6:]):
            wanted += [("intake", (Duty.INTAKE,)), ("reviewer", (Duty.REVIEWER,))]
        parties.append(
            Cast(
                f"district-{code}",
                Role.DISTRICT,
                f"{district.name}人力资源和社会保障局（演示）",
                f"{district.name_en} HR Bureau (demo)",
                code,
                people.take(*wanted),
            )
        )
    body = people.take(
        ("admin", (Duty.ADMIN,)),
        ("evaluator-1", (Duty.EVALUATOR,)),
        ("evaluator-2", (Duty.EVALUATOR,)),
        ("signatory", (Duty.SIGNATORY,)),
    )
    school = people.take(
        ("admin", (Duty.ADMIN,)), ("registrar", (Duty.REGISTRAR,)), ("instructor", (Duty.INSTRUCTOR,))
    )
    parties.append(
        Cast(
            BODY,
            Role.BODY,
            "申蓝创业培训评价中心（演示）",
            "Shenlan Evaluation Centre (demo)",
            "310106",
            body,
            "007",
        )
    )
    parties.append(
        Cast(INSTITUTION, Role.INSTITUTION, "青禾创业学校（演示）", "Qinghe School (demo)", "310104", school)
    )
    return tuple(parties)


class _Identities:
    """Hands out invented people, each with a different ID number of the sequence 000."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, *wanted: Wanted) -> tuple[Member, ...]:
        members = []
        for name, duties in wanted:
            chinese = _NAMES[self._next % len(_NAMES)]
            members.append(Member(name, duties, chinese, staff_id_number(self._next)))
            self._next += 1
        return tuple(members)


def staff_id_number(place: int) -> str:
    """The invented ID number of the demo's `place`-th officer (born in 1955 to 1960, before any trainee)."""
    born = date(1955, 1, 1) + timedelta(days=place)
    front = f"310101{born:%Y%m%d}000"
    return front + str(ric.calc_check_digit(front + "0"))
