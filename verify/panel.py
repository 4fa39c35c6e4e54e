"""A verdict as a person reads it on a terminal: Chinese first, then English, state in words and icon. Pure.

Promises: fits 80 columns; colour says nothing that a word does not; texts of a credential are never taken for
markup. Knows no terminal: whoever calls prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from issuers.identifiers.numbers import group_code
from verify.times import shanghai
from verify.verdict import State, Step, StepResult, Verdict, VerifiedFacts
from verify.words import STATE_WORDS, Words

_COLOURS: Final = {
    State.VALID: "green",
    State.SUSPENDED: "yellow",
    State.EXPIRED: "yellow",
    State.SUPERSEDED: "yellow",
    State.NOT_YET_VALID: "yellow",
    State.COULD_NOT_CHECK: "bright_black",
    State.UNREADABLE: "bright_black",
}
_MARKS: Final = {
    StepResult.PASSED: ("✔", "green"),
    StepResult.FAILED: ("✘", "red"),
    StepResult.COULD_NOT_CHECK: ("?", "yellow"),
}
_LABEL_CELLS: Final = 21
_IN_A_ROW: Final = 3
_INDENT: Final = 5
_QUIET: Final = ("", "FROM_FILE")
_SKIPPED: Final = ("NOT_REACHED", "NO_TRUST")


def render(verdict: Verdict) -> RenderableType:
    """The panel of a verdict."""
    colour = _COLOURS.get(verdict.state, "red")
    icon = STATE_WORDS[verdict.state].icon
    title = Text(f"{icon} {verdict.words.zh}", style=f"bold {colour}")
    parts: list[RenderableType] = [title, Text(f"  {verdict.words.en}")]
    for caveat in _caveats(verdict):
        parts.append(Text(f"  {caveat.zh}  {caveat.en}", style="yellow"))
    if verdict.life is not None:
        parts += [Text(f"  {one.zh}  {one.en}") for one in _lived(verdict.life)]
    if verdict.facts is not None:
        parts += ["", _facts(verdict, verdict.facts)]
    advice = Text.assemble((verdict.advice.zh, "bold"), f"\n{verdict.advice.en}")
    parts += ["", *_steps(verdict), "", _beside("→", advice)]
    return Panel(Group(*parts), border_style=colour, padding=(1, 2), width=80)


def _lived(life: Mapping[str, str | int | None]) -> list[Words]:
    """Why and since when; and which version is in force, if a newer one is."""
    why = Words(
        f"{life['zh']}（{life['on']}，国家状态码 {life['national']}）",
        f"{life['en']} (national status {life['national']})",
    )
    if life["current_version"] is None:
        return [why]
    number, on = life["current_version"], life["current_on"]
    return [why, Words(f"现行版本：第 {number} 版，{on} 签发", f"In force: version {number}, made on {on}")]


def _caveats(verdict: Verdict) -> list[Words]:
    """What a valid certificate still lacks."""
    if verdict.state is not State.VALID:
        return []
    found = []
    if not verdict.complete:
        found.append(Words("未核验账本记载", "logging not checked"))
    if verdict.status_fresh is False:
        found.append(Words("状态数据非最新", "status not fresh"))
    return found


def _facts(verdict: Verdict, facts: VerifiedFacts) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=_LABEL_CELLS, style="bright_black")
    table.add_column(overflow="fold")
    last_four = f" (证件末四位 ID ends in {facts.last_four})" if facts.last_four else ""
    # Who was not entitled is no issuer and no signatory, only the party and person behind the key.
    entitled = verdict.state is not State.OUT_OF_SCOPE
    body, person = (
        ("发证机构 Body", "签发人 Signatory") if entitled else ("签名方 Signed by", "签名人 Person")
    )
    rows = [
        ("姓名 Name", f"{facts.name}{last_four}"),
        ("课程 Course", f"{facts.course} {facts.hours} 课时 hours"),
        ("证书编号 Number", facts.number),
        ("验证码 Code", group_code(facts.code)),
        (body, f"{facts.body_name}\n{facts.body_name_en}"),
        (person, f"{facts.signatory[:16]}… 密钥 key {facts.kid}"),
        ("颁发日期 Issued", facts.issued_on.isoformat()),
    ]
    if facts.version > 1:
        made = facts.version_on.isoformat()
        rows.append(("版本 Version", f"第 {facts.version} 版 {made} 签发 made on {made}"))
    if facts.expires_at is not None:
        rows.append(("有效期至 Valid until", f"{shanghai(facts.expires_at)} 北京时间"))
    if facts.status_at is not None:
        rows.append(("状态截至 Status as of", f"{shanghai(facts.status_at)} 北京时间"))
    if facts.seq is not None:
        final = "已最终确认 final" if verdict.final else "尚未最终确认 not final yet"
        rows.append(("账本 Log", f"{facts.origin} #{facts.seq}"))
        rows.append(("见证 Witnesses", f"{verdict.cosigned}/{verdict.witnesses} {final}"))
    rows.append(("创世指纹 Genesis", f"{facts.genesis[:32]}…"))
    for label, value in rows:
        table.add_row(Text(label), Text(value))
    return table


def _steps(verdict: Verdict) -> list[RenderableType]:
    """Plain passes three in a row; whatever has something to say, in both languages below."""
    plain = [step for step in verdict.steps if step.result is StepResult.PASSED and step.code in _QUIET]
    reached = [step for step in verdict.steps if step not in plain and step.code not in _SKIPPED]
    skipped = [str(step.number.value) for step in verdict.steps if step.code in _SKIPPED]
    grid = Table.grid(padding=(0, 2))
    for start in range(0, len(plain), _IN_A_ROW):
        grid.add_row(*(_label(step) for step in plain[start : start + _IN_A_ROW]))
    parts: list[RenderableType] = [grid] if plain else []
    for step in reached:
        label = _label(step).append(f"  {step.code}", style="bright_black")
        parts += [label, Padding(Text(f"{step.zh}\n{step.en}"), (0, 0, 0, _INDENT))]
    if skipped:
        parts.append(Text(f"– 未核验 not reached: {', '.join(skipped)}", style="bright_black"))
    return parts


def _beside(mark: str, text: Text) -> Table:
    """The text in a column of its own, so that its further lines stand under its first."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark), text)
    return grid


def _label(step: Step) -> Text:
    mark, colour = _MARKS[step.result]
    return Text.assemble((mark, colour), f" {step.number.value:>2} {step.name.zh} {step.name.en}")
