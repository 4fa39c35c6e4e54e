"""A report as a person reads it on a terminal: verdict first, Chinese then English, 80 columns. Pure.

Promises: colour says nothing that a word does not; names from the log are never taken for markup. Knows no
terminal: whoever calls prints. The whole report is for --json and --html; here at most `SHOWN` of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from verify.audit.findings import Departure, Severity
from verify.audit.labels import CHECK_STATES, ICONS
from verify.audit.report import AuditReport, CheckState, LogFacts, State, fingerprint, instant

SHOWN: Final = 40
WIDTH: Final = 80
_LABEL_CELLS: Final = 19
_COLOURS: Final = {State.SOUND: "green", State.DEPARTURES: "red", State.COULD_NOT_CHECK: "yellow"}
_CHECK_COLOURS: Final = {
    CheckState.SOUND: "green",
    CheckState.DEPARTURES: "red",
    CheckState.COULD_NOT_CHECK: "yellow",
    CheckState.NOT_ASKED: "bright_black",
}
_LISTS: Final = (
    (Severity.DEPARTURE, "偏离 Departures", "red"),
    (Severity.COULD_NOT_CHECK, "未能核查 Could not be checked", "yellow"),
    (Severity.NOTE, "说明 Notes", "cyan"),
)


def render(report: AuditReport) -> RenderableType:
    """The panel of an audit."""
    colour = _COLOURS[report.state]
    title = Text(f"{ICONS[report.state]} {report.words.zh}", style=f"bold {colour}")
    parts: list[RenderableType] = [title, Text(f"  {report.words.en}")]
    if report.log is not None:
        parts += ["", _facts(report, report.log)]
    parts += ["", _checks(report)]
    for severity, words, shade in _LISTS:
        rows = report.of(severity)
        if rows:
            parts += ["", Text(f"{words} ({report.counts[severity]})", style=f"bold {shade}"), _rows(rows)]
    if report.signals:
        parts += ["", Text("供人工复核 For a person to look at", style="bold"), _rows(report.signals)]
    return Panel(Group(*parts), border_style=colour, padding=(1, 2), width=WIDTH)


def _facts(report: AuditReport, log: LogFacts) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=_LABEL_CELLS, style="bright_black")
    table.add_column()
    genesis = fingerprint(log.genesis) if log.genesis is not None else "未读到 not read"
    if log.genesis is not None and not log.pinned:
        genesis += "\n请与公布的指纹比对 compare this fingerprint"
    witnesses = f"{len(log.cosignatures)} / {log.witnesses}"
    if not log.witnesses:
        witnesses = "未列见证方 no witness named"
    issued = sum(row.issued for row in report.tallies.bodies)
    rows: tuple[tuple[str, str], ...] = (
        ("账本 Log", log.origin),
        ("创世指纹 Genesis", genesis),
        ("条目数 Size", f"{log.size:,}"),
        ("树根 Root", fingerprint(log.root)),
        ("最新条目 Newest", instant(log.last_ms) if log.last_ms else "–"),
        ("见证 Cosigned", witnesses + (f" (规定数 quorum {log.needed})" if log.needed else "")),
        ("证书 Certificates", f"{issued:,}"),
        ("审计时间 Audited", instant(report.at_ms)),
    )
    if log.kept:
        rows += (("此前已审 Before", f"{log.kept:,} 条由本机上次审计 by the last audit here"),)
    for label, value in rows:
        table.add_row(label, Text(value))
    return table


def _checks(report: AuditReport) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column()
    for one in report.checks:
        icon, zh, _ = CHECK_STATES[one.state]
        line = Text.assemble(f"{one.title.zh} ", (one.title.en, "bright_black"))
        if one.state is CheckState.NOT_ASKED:
            line.append(f"\n{one.detail.zh} {one.detail.en}", style="bright_black")
        elif one.state is not CheckState.SOUND:
            line.append(f" {zh}", style=_CHECK_COLOURS[one.state])
        table.add_row(Text(icon, style=f"bold {_CHECK_COLOURS[one.state]}"), line)
    return table


def _rows(rows: Sequence[Departure]) -> RenderableType:
    lines = [
        Text.assemble((one.code, "bold"), f"  {one.where}\n", f"{one.zh}\n", (one.en, "bright_black"))
        for one in rows[:SHOWN]
    ]
    if len(rows) > SHOWN:
        more = len(rows) - SHOWN
        lines.append(Text(f"… 另有 {more} 项，见 --json 或 --html  {more} more in --json or --html"))
    return Group(*lines)
