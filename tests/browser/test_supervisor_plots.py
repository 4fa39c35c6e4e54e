"""The plots of the supervisor's page: as high as their numbers, and still plots in a busy district."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGUAGES, SIZES, DemoWorld, Visit, Watch
from tests.browser.supervising import OWN, Shot, desk_of, looked_at

__all__ = ["desk_of"]


def test_the_plot_s_table_equals_what_was_issued(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]]
) -> None:
    page, _ = desk_of(size="desktop")
    page.click("a[href='#issuing']")
    expect(page.locator(".plot svg").first).to_be_visible()
    issued = len(demo.told["certificates"])
    cells = page.locator("#view details").first.locator("td.number").all_text_contents()
    assert sum(int(cell) for cell in cells) == issued
    heights = (
        page.locator(".plot")
        .first.locator("rect")
        .evaluate_all("all => all.map(one => one.querySelector('title').textContent)")
    )
    assert sum(int(text.rpartition(": ")[2]) for text in heights) == issued


def test_bars_are_as_high_as_their_numbers(demo: DemoWorld, visit: Visit) -> None:
    page, _ = visit(demo.address)
    page.goto(f"{demo.address}/supervisor")
    counts = [3, 0, 12, 7, 1, 250, 49]
    drawn = page.evaluate(
        """async (counts) => {
          const plots = await import("/assets/supervisor_plots.js");
          const made = plots.bars(counts.map((count, place) => ({ label: `d${place}`, count })), 320);
          const bars = [...made.querySelectorAll("rect")];
          const at = (bar, name) => Number(bar.getAttribute(name));
          const inside = bars.map((bar) => at(bar, "y") >= 0 && at(bar, "x") + at(bar, "width") <= 320);
          return {
            heights: bars.map((bar) => at(bar, "height")),
            said: bars.map((bar) => bar.textContent),
            inside: inside.every(Boolean),
            marks: [0, 1, 4, 9, 250].map((top) => plots.steps(top)),
          };
        }""",
        counts,
    )
    some = [count for count in counts if count]
    assert [height / drawn["heights"][0] for height in drawn["heights"]] == pytest.approx(
        [count / some[0] for count in some]
    )
    assert drawn["inside"] and drawn["said"] == [f"d{n}: {count}" for n, count in enumerate(counts) if count]
    for top, marks in zip([0, 1, 4, 9, 250], drawn["marks"], strict=True):
        assert marks[0] == 0 and marks[-1] >= top and len(marks) <= 7
        assert all(isinstance(mark, int) for mark in marks), "no half certificates"


def many(days: int) -> dict[str, Any]:
    """What a busy district's counts look like: six bodies, one with the longest name there may be."""
    long = {"zh": "上海市" + "创业培训评价管理服务" * 11 + "中心", "en": "Shanghai Evaluation Service " * 4}
    short = {"zh": "申蓝评价管理服务中心", "en": "Shenlan Evaluation"}
    names = [{"id": f"body-{n}", **(long if n == 2 else short)} for n in range(6)]
    rows = []
    for day in range(days):
        counts = {f"body-{n}": (day * 37 + n * 11) % 90 for n in range(6) if (day + n) % 7}
        label = (date(2026, 9, 27) + timedelta(days=day)).isoformat()
        rows.append({"label": label, "total": sum(counts.values()), "bodies": counts})
    sums = [{**one, "issued": sum(row["bodies"].get(one["id"], 0) for row in rows)} for one in names]
    rates = [
        {**one, "classes": 41, "candidates": 1025, "passed": 987 - n * 40, "small_classes": n}
        for n, one in enumerate(names)
    ]
    standing = {"valid": 11_800, "suspended": 3, "revoked": 41}
    counted = {"size": 1_204_331, "counted_to": 904_000, "unit": "day", "classes": 640}
    return {
        "rows": rows,
        "bodies": sums,
        "total": sum(row["total"] for row in rows),
        "standing": standing,
        "rates_by_body": rates,
        "rates_by_institution": rates[:2],
        "district": OWN,
        **counted,
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_busy_district_fits(
    desk_of: Callable[..., tuple[Page, Watch]], shot: Shot, size: str, language: str
) -> None:
    page, _ = desk_of(size=size, language=language)
    told = many(62)
    page.route("**/api/supervision/issuing**", lambda route: route.fulfill(json=told))
    page.click("a[href='#issuing']")
    expect(page.locator(".plot svg")).to_have_count(2)
    expect(page.locator("#view .notice")).to_contain_text("904000")
    looked_at(page, shot, f"supervisor-busy-{size}-{language}")
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.plot svg')].flatMap((picture) => {
          const frame = picture.getBoundingClientRect();
          return [...picture.querySelectorAll('text, rect')].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.right > frame.right + 1 || box.left < frame.left - 1;
          }).map((one) => one.textContent);
        })"""
    )
    assert outside == []
    page.select_option("#plot-body", "body-3")
    expect(page.locator(".plot svg")).to_have_count(2)
    cells = page.locator("#view details").first.locator("td.number").all_text_contents()
    assert sum(int(cell) for cell in cells) == told["bodies"][3]["issued"]
