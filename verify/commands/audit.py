"""Door: `malan-verify audit`: reads a published log and the files the user names, audits, prints, files.

Promises: one document on stdout with --json and nothing else there; progress goes to stderr, and only to a
terminal that waits longer than a second; the exit code is the report's.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from issuers.carried import ACTS, TRUST, Form
from issuers.evidence_document import DOCUMENT_BYTES_MAX
from issuers.files import read_file, replace_file
from issuers.json_in import from_hex
from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError, Malformed, Unavailable
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.policy import MAX_POLICY_BYTES
from verify.audit.html import render as render_html
from verify.audit.kept import Memory, decode
from verify.audit.leftovers import CHECKPOINT
from verify.audit.panel import WIDTH, render
from verify.audit.report import AuditReport
from verify.audit.run import Asked, audit
from verify.commands.options import AsJson, At, Genesis, print_json, time_asked
from verify.pins import PinStore
from verify.source import HttpSource, Source, open_source
from verify.trust import Pin

PATIENCE_SECONDS: Final = 1.0
KEEP_SECONDS: Final = 30.0
_STATE_BYTES_MAX: Final = 2**34
_FILE_MODE: Final = 0o644

Log = Annotated[str, typer.Argument(help="Directory of the published log, or its http(s) URL", metavar="LOG")]
TrustFile = Annotated[Path | None, typer.Option("--trust", help="Trust bundle to hold against the log")]
ActsFile = Annotated[Path | None, typer.Option("--acts", help="The signers' bundle, acts.cbor, likewise")]
SinceFile = Annotated[Path | None, typer.Option("--since", help="Checkpoint you kept from before")]
EvidenceFiles = Annotated[
    list[Path] | None, typer.Option("--evidence", help="Evidence of a class; may be given several times")
]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the report as a page to file")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Witness policy you hold (tlog-policy)")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, max=64, help="Processes (default: as many as processors)")
]
StateFile = Annotated[
    Path | None,
    typer.Option("--state", help="Your file: go on where its audit ended, and keep the new end in it"),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("audit")(run)


def run(
    log: Log,
    trust: TrustFile = None,
    acts: ActsFile = None,
    since: SinceFile = None,
    evidence: EvidenceFiles = None,
    html: HtmlFile = None,
    as_json: AsJson = False,
    at: At = None,
    policy: PolicyFile = None,
    genesis: Genesis = None,
    state: StateFile = None,
    jobs: Jobs = None,
) -> None:
    """Was anything altered, dropped, back-dated or invented? Exit 0 sound, 1 departures, 2 could not check.

    独立审计账本：退出码 0 未发现偏离，1 有偏离，2 未能核查。
    """
    source = open_source(log)
    pin = _pin(source) if trust is None and acts is None and genesis is None else None
    fixed = from_hex(genesis, where="--genesis", size=32) if genesis is not None else None
    asked = Asked(
        at_ms=time_asked(at),
        place=log,
        trust=_read(trust, BUNDLE_BYTES_MAX),
        acts=_read(acts, BUNDLE_BYTES_MAX),
        since=_read(since, MAX_NOTE_BYTES),
        evidence=tuple(read_file(path, bytes_max=DOCUMENT_BYTES_MAX) for path in evidence or ()),
        policy=_policy(policy, pin),
        genesis=fixed or (pin.genesis if pin is not None else None),
        offered=_offered(source, [form for form, path in ((TRUST, trust), (ACTS, acts)) if path is None]),
    )
    with _helpers(jobs or os.cpu_count() or 1) as executor:
        report = _audited(source, asked, _memory(state), executor)
    if html is not None:
        replace_file(html, render_html(report).encode(), mode=_FILE_MODE)
        sys.stderr.write(f"报告 report: {html}\n")
    _print(report, as_json=as_json)
    raise typer.Exit(report.exit_code)


def _offered(source: Source, forms: Sequence[Form]) -> dict[Form, bytes]:
    """The bundles that a service hands out beside its log; a host that serves files alone has none.

    Asked for before its checkpoint, so that an honest one is never of a larger log.
    """
    found = {}
    if isinstance(source, HttpSource):
        for form in forms:
            with suppress(Unavailable):
                raw = source.offered_bundle(form.file)
                if raw is not None:
                    found[form] = raw
    return found


def _pin(source: Source) -> Pin | None:
    """What this verifier remembers of the log, if it ever pinned it; nothing is remembered by an audit."""
    store = PinStore(Path(os.environ.get("MALAN_HOME") or "malan-home"))
    if not store.exists:
        return None
    try:
        origin = parse_checkpoint(parse_note(source.fetch(CHECKPOINT) or b"").text).origin
    except MalanError:
        return None  # the audit says what is wrong with it
    return store.read(origin)


def _policy(path: Path | None, pin: Pin | None) -> bytes | None:
    if path is not None:
        return read_file(path, bytes_max=MAX_POLICY_BYTES)
    return pin.policy.encode() if pin is not None and pin.policy is not None else None


def _read(path: Path | None, bytes_max: int) -> bytes | None:
    return read_file(path, bytes_max=bytes_max) if path is not None else None


@contextmanager
def _helpers(jobs: int) -> Iterator[Executor | None]:
    """Processes that are started only once a long log asks for them."""
    if jobs == 1:
        yield None
        return
    executor = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_left_to_the_first)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _left_to_the_first() -> None:
    """Ctrl-C reaches every process of the terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _memory(state: Path | None) -> Memory | None:
    """What the last audit left in the user's file; a damaged or older one only costs a whole audit."""
    if state is None:
        return None
    kept = None
    if state.exists():
        try:
            kept = decode(read_file(state, bytes_max=_STATE_BYTES_MAX))
        except Malformed as error:
            sys.stderr.write(f"{error.code} ({state.name}): {error.what}; 全部重审 the whole log is read.\n")
    return Memory(kept, FileKeeper(state))


class FileKeeper:
    """Writes the file now and then, so that a stopped audit goes on, and once more at the end."""

    def __init__(self, path: Path) -> None:
        self._path, self._next = path, time.monotonic() + KEEP_SECONDS

    def due(self) -> bool:
        """Every half minute."""
        return time.monotonic() >= self._next

    def take(self, data: bytes) -> None:
        """Raises Unavailable FILE_WRITE."""
        replace_file(self._path, data)
        self._next = time.monotonic() + KEEP_SECONDS


def _audited(source: Source, asked: Asked, memory: Memory | None, executor: Executor | None) -> AuditReport:
    """The report, with a bar on stderr for whoever has waited a second already."""
    console = Console(stderr=True)
    columns = (TextColumn("核查 auditing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("audit", total=None)
    begun = time.monotonic()

    def progress(done: int, total: int) -> None:
        if time.monotonic() - begun > PATIENCE_SECONDS:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        return audit(source, asked, progress=progress, memory=memory, executor=executor)
    finally:
        bar.stop()


def _print(report: AuditReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.document())
    else:
        Console(width=max(WIDTH, Console().width), highlight=False).print(render(report))
