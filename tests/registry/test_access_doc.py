"""`registry/docs/access.md` says what the tables of access and limits say; MALAN_REWRITE=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from issuers.acts.words import Duty, Role
from registry.http.access import ACCESS, Access, Own, Who
from registry.http.limits import LIMITS
from registry.http.pages import PAGES

PAGE = Path(__file__).parents[2] / "registry" / "docs" / "access.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
WHO = {
    Who.PUBLIC: "public 公开",
    Who.SIGNED: "signed body 签名",
    Who.SESSION: "session 登录",
    Who.EITHER: "signed body or session 签名或登录",
    Who.HOLDER: "holder 持证人",
}
OWN = {
    Own.NOBODYS: "–",
    Own.AS_JUDGED: "as the rules of acts judge 依权限规则",
    Own.PARTY: "own party 本单位",
    Own.DISTRICT: "own district 本区",
    Own.CLASS: "class of own district, body or institution 本区、本机构的班级",
    Own.PERSON: "issued to the very person 本人的证书",
}
DUTIES = {
    Duty.ROOT: "root 根密钥持有人",
    Duty.ADMIN: "admin 管理员",
    Duty.STANDARDS: "standards 标准管理员",
    Duty.SUPERVISOR: "supervisor 督导员",
    Duty.REVIEWER: "reviewer 审核员",
    Duty.INTAKE: "intake officer 受理员",
    Duty.REGISTRAR: "registrar 教务员",
    Duty.INSTRUCTOR: "instructor 授课教师",
    Duty.EVALUATOR: "evaluator 考评员",
    Duty.SIGNATORY: "signatory 签发人",
}
ROLES = {
    Role.CITY: "city 市",
    Role.DISTRICT: "district 区",
    Role.BODY: "body 评价机构",
    Role.INSTITUTION: "institution 培训机构",
    Role.OPERATOR: "operator 运营方",
}


def test_every_word_of_the_tables_has_its_chinese() -> None:
    assert set(WHO) == set(Who)
    assert set(OWN) == set(Own)
    assert set(DUTIES) == set(Duty)
    assert set(ROLES) == set(Role)


def row_of(row: Access) -> str:
    limit = LIMITS.get((row.method, row.template))
    duties = ", ".join(DUTIES[one] for one in sorted(row.duties)) or "–"
    roles = ", ".join(ROLES[one] for one in sorted(row.roles))
    office = f"{duties} of {roles}" if roles else duties
    counted = "–" if limit is None else limit.windows.replace(";", ", ")
    cells = (f"`{row.method} {row.template}`", WHO[row.who], office, OWN[row.own], counted)
    return f"| {' | '.join(cells)} |\n"


def table() -> str:
    names = ("route", "who 身份", "in what duty 职责", "whose objects 对象", "at most, by caller 频次")
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    shown = [row for row in ACCESS if row.template not in PAGES]  # static pages are public, all of them
    return head + "".join(row_of(row) for row in sorted(shown, key=lambda one: (one.template, one.method)))


def test_the_page_holds_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    held, _, after = rest.partition(END)
    if os.environ.get("MALAN_REWRITE"):
        PAGE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")
        held = table()
    assert held == table(), "run this test with MALAN_REWRITE=1 and look at the page"


def test_a_row_that_changed_is_noticed() -> None:
    row = ACCESS[-1]
    other = Access(row.method, row.template, Who.PUBLIC)
    assert row_of(other) != row_of(row)
    assert row_of(row) in PAGE.read_text(encoding="utf-8")
