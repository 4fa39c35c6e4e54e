"""The report: words for every code, a document with stable keys, a page that is safe to open and to file."""

from __future__ import annotations

import ast
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from issuers.acts import KINDS
from issuers.authority.class_facts import ClaimState, State
from ledger.errors import Refused
from tests.verify.logs import files_of, look, published, whole_world
from verify.audit import findings, html, panel
from verify.audit.findings import LISTED_MAX, Findings, Severity
from verify.audit.html import plot
from verify.audit.labels import ACTS
from verify.audit.refusals import REFUSALS
from verify.audit.report import AuditReport
from verify.audit.tallies import BodyRow, DistrictRow
from verify.audit.words import WORDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sound() -> AuditReport:
    world = whole_world()
    return look(world, trust=world.bundle())


@pytest.fixture(scope="module")
def unsound() -> AuditReport:
    source = published(whole_world())
    source.files |= {"tile/9/000": b"x"}
    data = bytearray(source.files["tile/entries/000.p/181"])
    data[70_000] ^= 4
    source.files["tile/entries/000.p/181"] = bytes(data)
    return look(whole_world(), source=source)


def calls(path: Path, names: set[str], argument: int) -> set[str]:
    """The constant texts at a place among the arguments of calls with these names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and len(node.args) > argument:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            value = node.args[argument]
            if name in names and isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.add(value.value)
    return found


def test_every_code_of_the_authority_rules_has_chinese_words() -> None:
    codes: set[str] = set()
    for path in (ROOT / "issuers" / "authority").glob("*.py"):
        codes |= calls(path, {"Refused"}, 0) | calls(path, {"need", "need_absent"}, 2)
    assert len(codes) > 60
    assert codes - REFUSALS.keys() == set()


def test_every_code_the_auditor_gives_has_words_and_every_word_is_used() -> None:
    given: set[str] = set()
    for path in (ROOT / "verify" / "audit").glob("*.py"):
        given |= calls(path, {"departure", "could_not_check", "note", "_signal", "report", "_name"}, 0)
    texts = "".join(path.read_text() for path in (ROOT / "verify" / "audit").glob("*.py"))
    assert given <= WORDS.keys() | {"", "TILE_DIFFERS"}
    unused = [code for code in WORDS if texts.count(f'"{code}"') < 2]
    assert unused == []


def test_words_are_sentences_in_both_languages() -> None:
    for code, (zh, en) in WORDS.items():
        assert re.search("[\u4e00-\u9fff]", zh), code
        assert zh.endswith("。"), code
        assert en.endswith("."), code
        assert set(re.findall(r"{(\w+)}", zh)) == set(re.findall(r"{(\w+)}", en)), code
    for code, zh in REFUSALS.items():
        assert zh.endswith("。"), code


def test_the_document_is_json_with_the_verdict_first(sound: AuditReport, unsound: AuditReport) -> None:
    for report, state, code in ((sound, "sound", 0), (unsound, "departures", 1)):
        document = json.loads(json.dumps(report.document(), ensure_ascii=False))
        assert list(document)[:2] == ["state", "exit"]
        assert (document["state"], document["exit"]) == (state, code)
        assert document["counts"]["departure"] == len(document["departures"])
    assert document["log"]["size"] == 181
    assert document["acts"]["certificate-issued"] == 5
    assert document["certificates_by_body"][0]["issued"] == 5
    assert document["certificates_by_day"] == {"2026-03-13": 5}
    assert document["claims_by_district"][0]["claims"] == {"submitted": 1}


def test_findings_beyond_the_limit_are_counted_and_not_listed() -> None:
    many = Findings()
    for place in range(LISTED_MAX + 7):
        many.departure("FILE_MISSING", f"file {place}")
    assert len(many.listed) == LISTED_MAX
    assert many.counts[Severity.DEPARTURE] == LISTED_MAX + 7


def test_a_refusal_keeps_its_code_and_its_own_english_words() -> None:
    some = Findings()
    some.refused(Refused("DUTY_MISSING", "the signer is not appointed", where="sub"), "seq 3")
    (one,) = some.listed
    assert (one.code, one.where, one.en) == ("DUTY_MISSING", "seq 3, sub", "The signer is not appointed.")
    assert one.zh == REFUSALS["DUTY_MISSING"]
    assert findings.sentence("") == "."


class Page(HTMLParser):
    """What a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "style") or name.startswith("on"):
                self.addresses.append(f"{name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page_of(report: AuditReport) -> Page:
    page = Page()
    page.feed(html.render(report))
    assert page.open == []
    return page


def test_the_page_fetches_and_runs_nothing(unsound: AuditReport) -> None:
    page = page_of(unsound)
    assert page.addresses == []
    assert not {"script", "img", "link", "iframe", "object", "form"} & page.tags.keys()
    assert "url(" not in html.render(unsound)
    assert "@import" not in html.render(unsound)


def test_the_page_says_the_verdict_in_words_and_names_every_departure(
    sound: AuditReport, unsound: AuditReport
) -> None:
    assert "未发现偏离" in page_of(sound).text
    assert "发现偏离" in page_of(unsound).text
    assert "Departures found" in page_of(unsound).text
    for one in unsound.of(Severity.DEPARTURE):
        for text in (one.code, one.where, one.zh, one.en):
            assert text in page_of(unsound).text


def test_the_same_report_gives_the_same_page(unsound: AuditReport) -> None:
    assert html.render(unsound) == html.render(unsound)


def rows() -> tuple[tuple[BodyRow, ...], tuple[DistrictRow, ...]]:
    body = BodyRow("b", "<script>alert(1)</script>", '"><b>', 1, 2, 2, Counter({State.VALID: 2}), 0)
    return (body,), (DistrictRow("d", "<i>&", "x", Counter({ClaimState.APPROVED: 1}), 180_050),)


def test_names_from_the_log_are_escaped(sound: AuditReport) -> None:
    bodies, districts = rows()
    report = replace(sound, tallies=replace(sound.tallies, bodies=bodies, districts=districts))
    page = page_of(report)
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "1,800.50" in page.text


def test_a_report_without_a_log_renders(sound: AuditReport) -> None:
    source = published(whole_world())
    del source.files["checkpoint"]
    report = look(whole_world(), source=source)
    assert "未能完成核查" in page_of(report).text
    assert report.document()["log"] is None


def test_an_empty_log_renders() -> None:
    world = whole_world()
    world.leaves = []
    source = published(whole_world())
    source.files = files_of([], world.checkpoint())
    assert page_of(look(world, source=source)).tags["svg"] == 0


def test_days_are_drawn_one_by_one_and_long_spans_by_month() -> None:
    first = date(2026, 1, 30)
    assert plot([]) is None
    one = plot([(first, 3)])
    assert one is not None
    assert [(bar.label, bar.count) for bar in one.bars] == [("2026-01-30", 3)]
    some = plot([(first, 4), (first + timedelta(days=3), 2)])
    assert some is not None
    assert [bar.count for bar in some.bars] == [4, 0, 0, 2]
    assert some.bars[0].height == 2 * some.bars[3].height
    long = plot([(first, 4), (first + timedelta(days=70), 2), (first + timedelta(days=71), 1)])
    assert long is not None
    assert [(bar.label, bar.count) for bar in long.bars] == [
        ("2026-01", 4),
        ("2026-02", 0),
        ("2026-03", 0),
        ("2026-04", 3),
    ]
    assert all(bar.x >= 0 and bar.x + bar.width <= 360 for bar in long.bars)


def test_the_panel_fits_eighty_columns(sound: AuditReport, unsound: AuditReport) -> None:
    for report in (sound, unsound):
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(panel.render(report))
        lines = console.export_text().rstrip("\n").split("\n")
        assert len(lines) > 20
        assert max(sum(2 if ord(char) > 0x2E7F else 1 for char in line) for line in lines) <= 80


def test_every_act_has_a_chinese_name() -> None:
    assert {kind for kind, _ in KINDS} == set(ACTS)
