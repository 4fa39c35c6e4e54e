"""A thousand invented people whose names and ID numbers can be found again anywhere, in any spelling.

Every name begins with the same four characters that nobody else has here, every number with the same eight
digits: what is searched for is these beginnings, in every encoding and alignment, so a find is certain
whoever it is. Numbers use the sequence 000.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from issuers.acts.classes import ClassOpened
from registry.settings import Settings
from tests.insider import administrator
from tests.registry.stage import Stage
from tests.world_parts import BODY, CLASS_FIRST, CLASS_LAST, PROJECT, STANDARD_ID, Trainee, moment
from tests.world_steps import class_subject, confirmation, say_roster, say_sheet, trainee

NAME, NUMBER = "燚鑫淼犇", "31010419"
A_CLASS = 125
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gbk", "gb18030")
_FIRST_BORN = date(1950, 1, 1)
_TAILS = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红梅建国志文斌辉"


@dataclass
class Class:
    """A class of planted people, as far as the world knows it."""

    id: bytes
    trainees: list[Trainee]


def people(count: int) -> list[tuple[str, str]]:
    """Name and birth date of each, all different."""
    width = len(_TAILS)
    return [
        (
            f"{NAME}{_TAILS[place // width % width]}{_TAILS[place % width]}",
            (_FIRST_BORN + timedelta(days=11 * place)).strftime("%Y%m%d"),
        )
        for place in range(count)
    ]


def grow(stage: Stage, count: int) -> list[Class]:
    """Classes with confirmed results for so many people; the clock stands on the morning after."""
    world, rows = stage.world, people(count)
    instructors = tuple(world.people[name].staff for name in ("instructor-1", "instructor-2"))
    act = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST)
    classes = []
    for start in range(0, count, A_CLASS):
        made = [
            trainee(world, name, born, f"{name}商行", "2025-03-04", 40, (850, 860, 850), (780, 840, 780))
            for name, born in rows[start : start + A_CLASS]
        ]
        classes.append(Class(world.draw(16), made))
    for _ in _each(stage, classes):
        world.say("class-opened", "registrar", class_subject(world), act, at=max(world.now, moment(9, 8)))
    world.now = moment(11, 17)
    for _ in _each(stage, classes):
        say_roster(world)
    world.now = moment(12, 14)
    for _ in _each(stage, classes):
        for number, name in enumerate(("evaluator-1", "evaluator-2")):
            say_sheet(world, name, number)
        world.say("evaluation-confirmed", "signatory", class_subject(world), confirmation(world))
    stage.tell()
    stage.hands.set(moment(13, 10))
    world.now = moment(13, 10)
    assert all(one.passes for known in classes for one in known.trainees)
    return classes


def _each(stage: Stage, classes: list[Class]) -> Iterator[Class]:
    for one in classes:
        enter(stage, one)
        yield one


def enter(stage: Stage, one: Class) -> None:
    """The stage's world speaks of this class."""
    stage.world.class_id, stage.world.trainees = one.id, one.trainees


def needles() -> dict[str, bytes]:
    """Every spelling of the two beginnings; base64 in all three alignments, without its unsure ends."""
    found = {}
    for word in (NAME, NUMBER):
        for encoding in _ENCODINGS:
            raw = word.encode(encoding)
            found[f"{word} {encoding}"] = raw
            found[f"{word} {encoding} hex"] = raw.hex().encode()
            found[f"{word} {encoding} HEX"] = raw.hex().upper().encode()
            for shift in range(3):
                for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
                    # A character whose six bits are not all ours depends on what stands beside it.
                    spelt = encode(bytes(shift) + raw)
                    first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
                    found[f"{word} {encoding} {name} {shift}"] = spelt[first:last]
        found[f"{word} percent"] = quote(word, safe="").encode()
        found[f"{word} json"] = json.dumps(word)[1:-1].encode()
        found[f"{word} JSON"] = json.dumps(word)[1:-1].upper().replace("\\U", "\\u").encode()
    return found


def search(places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where a planted beginning stands, and how it is spelt there."""
    wanted = needles()
    return [f"{place}: {spelling}" for place, data in places for spelling, it in wanted.items() if it in data]


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file: database, journals, log, lists, bundle, keys."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def rows_of(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Every value of every table there is, as a dump would hold it: with every right, on either database."""
    with administrator(settings) as raw:
        found = sa.MetaData()
        found.reflect(raw.connection)
        for name, table in found.tables.items():
            parts: list[bytes] = []
            for row in raw.connection.execute(sa.select(table)):
                for value in row:
                    parts.append(value if isinstance(value, bytes) else str(value).encode())
                    parts.append(b"\n")
            yield f"table {name}", b"".join(parts)
