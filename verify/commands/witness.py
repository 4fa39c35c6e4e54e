"""Door: `malan-verify witness`: a district's own witness: init, serve, pull, compare, status.

Promises: with --json one document on stdout; a conflict ends `pull --once`, `compare` and `status` with 1,
what could not be asked with 2; the loop of `pull` goes on after either. Where randomness and the clock of a
witness come from.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from issuers.files import read_file
from ledger.errors import MalanError, Malformed, Unavailable
from ledger.heads import Conflict, Seen, see
from ledger.note import MAX_NOTE_BYTES, NoteKey, parse_vkey
from ledger.policy import Log, Policy
from verify.commands.options import AsJson, complain, print_json
from verify.source import open_source
from verify.witness.comparing import explain
from verify.witness.home import SEED_BYTES, Home, create, open_home
from verify.witness.rounds import Nowhere, compared, one_round
from verify.witness.serving import Server, clock

_VKEY_BYTES_MAX: Final = 1_000
_OFTEN_SECONDS: Final = 60

Folder = Annotated[Path | None, typer.Option("--home", help="Folder (default: witness below MALAN_HOME)")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="区级见证：只为前后一致的检查点作见证签名。A district's witness: cosigns what continues.",
        no_args_is_help=True,
    )
    group.command("init")(init)
    group.command("serve")(serve)
    group.command("pull")(pull_rounds)
    group.command("compare")(compare)
    group.command("status")(status)
    app.add_typer(group, name="witness")


def init(
    name: Annotated[str, typer.Option("--name", help="Name of the key, such as w.huangpu.example/malan")],
    log: Annotated[str, typer.Option("--log", help="The log's vkey, or a file with it (log.vkey)")],
    url: Annotated[
        str | None, typer.Option("--url", help="Where the log is read: http(s) or a folder")
    ] = None,
    home: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Makes a key and an empty memory, once. 新建见证：生成密钥与空的记录，只做一次。"""
    text = log
    if "+" not in log or Path(log).is_file():
        text = read_file(Path(log), bytes_max=_VKEY_BYTES_MAX).decode("utf-8", "replace").strip()
    if url is not None and (" " in url or "\t" in url):
        raise Malformed("WITNESS_URL", "an address has no spaces", where="--url")
    logs = Policy((Log(parse_vkey(text), url),), (), (), "none")
    place = _place(home)
    key = create(place, name=name, logs=logs, seed=secrets.token_bytes(SEED_BYTES))
    if as_json:
        print_json(
            {"home": str(place), "vkey": key.vkey, "logs": [one.key.name for one in logs.logs]}, indent=None
        )
        return
    sys.stdout.write(f"{key.vkey}\n")
    sys.stderr.write(
        "以上是公钥，请交市中心登记。This is the public key: give it to the city.\n"
        "请勿复制或还原 witness.db；若丢失，须作废此密钥。"
        "Never copy witness.db back: if it is lost, this key is retired.\n"
    )


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes any")] = 8380,
    home: Folder = None,
) -> None:
    """Answers POST /add-checkpoint until it is stopped. 以 HTTP 提供见证签名服务。"""
    opened = open_home(_place(home))
    try:
        server = Server(opened, host, port)
    except OSError as error:
        raise Unavailable(
            "WITNESS_PORT", "this address cannot be listened on", where="--port", fix="Choose another one."
        ) from error
    # From a thread of its own: `shutdown` waits for the loop that this handler interrupts.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stderr.write(f"malan-witness http://{host}:{server.server_address[1]}\n")
    with server:
        server.serve_forever(poll_interval=0.2)


def pull_rounds(
    once: Annotated[bool, typer.Option("--once", help="One round, then the exit code")] = False,
    every: Annotated[int, typer.Option("--every", min=1, help="Seconds between rounds")] = _OFTEN_SECONDS,
    mirror: Annotated[bool, typer.Option("--mirror", help="Keep every entry, before cosigning")] = False,
    to: Annotated[str | None, typer.Option("--to", help="URL that takes the cosigned checkpoint")] = None,
    home: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Asks the logs itself, cosigns, sends it back. 主动拉取日志、核对并作见证签名（适用于内网）。"""
    opened = open_home(_place(home))
    if not opened.urls:
        raise Unavailable("WITNESS_NO_URL", "no log has an address", where="logs.txt", fix="Add it there.")
    while True:
        rounds = [_ended_well(opened, origin, mirror=mirror, to=to) for origin in opened.urls]
        if as_json:
            print_json({"logs": rounds}, indent=None)
        if once:
            raise typer.Exit(max(one["exit"] for one in rounds))
        time.sleep(every)


def compare(
    heads: Annotated[
        list[Path] | None, typer.Argument(help="Heads others sent (cosigned checkpoints)")
    ] = None,
    home: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Do all districts see one log? 与其他区的检查点比对：是否同一本账。"""
    opened = open_home(_place(home))
    told: list[dict[str, Any]] = []
    worst, known = 0, set[Path]()
    for origin, keys in opened.witness.logs.items():
        seen = [_shown(path, origin, tuple(keys)) for path in heads or ()]
        known.update(path for path, one in zip(heads or (), seen, strict=True) if one is not None)
        source = open_source(opened.urls[origin]) if origin in opened.urls else Nowhere()
        found = compared(opened, origin, source, [one for one in seen if one is not None], now=clock())
        for conflict in found.conflicts:
            _accuse(conflict)
        told.append({"origin": origin, **found.document()})
        worst = max(worst, found.exit)
    if known != set(heads or ()):
        worst = worst or 2  # a head of no log we watch was compared with nothing
    if as_json:
        print_json({"logs": told}, indent=None)
    raise typer.Exit(worst)


def status(home: Folder = None, as_json: AsJson = False) -> None:
    """What was cosigned, and what contradicts it. 查看已签名内容与矛盾证据。"""
    opened = open_home(_place(home))
    state, key = opened.witness.state, opened.witness.cosigner.key
    logs: list[dict[str, Any]] = []
    for origin in opened.witness.logs:
        head = state.latest(origin)
        logs.append(
            {
                "origin": origin,
                "url": opened.urls.get(origin),
                "size": None if head is None else head.checkpoint.size,
                "root": None if head is None else head.checkpoint.root.hex(),
                "time": None if head is None else _stamp(head.time),
                "heads": state.heads(origin),
                "mirrored": (opened.mirror(origin) / "checkpoint").is_file(),
            }
        )
    evidence = [
        {
            "code": one.code,
            "convicts": one.convicts,
            "origin": one.checkpoint.origin,
            "size": one.checkpoint.size,
            "time": _stamp(one.time),
        }
        for one in state.evidence()
    ]
    retired = state.retired()
    if as_json:
        print_json({"vkey": key.vkey, "retired": retired, "logs": logs, "evidence": evidence}, indent=None)
    else:
        _print_status(key.vkey, retired, logs, evidence)
    raise typer.Exit(1 if retired or any(one["convicts"] for one in evidence) else 0)


def _ended_well(home: Home, origin: str, *, mirror: bool, to: str | None) -> dict[str, Any]:
    """A round; one log must not end the loop for the others, not even by a mistake of ours."""
    try:
        return _told(home, origin, mirror=mirror, to=to)
    except Exception as error:  # the last net, as in `main`; never with a value
        sys.stderr.write(f"INTERNAL: unexpected {type(error).__name__}. Please report this.\n")
        return {"origin": origin, "size": None, "codes": ["INTERNAL"], "exit": 2}


def _told(home: Home, origin: str, *, mirror: bool, to: str | None) -> dict[str, Any]:
    """A round, and on stderr how it went."""
    with _bar(f"{origin} 镜像 mirror") as progress:
        task = progress.add_task("", total=None)
        done = one_round(
            home,
            origin,
            now=clock,
            to=to,
            mirror=(lambda here, total: progress.update(task, completed=here, total=total))
            if mirror
            else None,
        )
    if done.head is not None:
        sys.stderr.write(f"{_stamp(done.head.time)} {origin} size {done.head.checkpoint.size} cosigned\n")
    for error in done.errors:
        complain(error)
    for conflict in done.conflicts:
        _accuse(conflict)
    return done.document()


def _accuse(conflict: Conflict) -> None:
    sys.stderr.write(
        f"{explain(conflict)}\n→ 证据已保存 evidence is kept; tell the city and the districts.\n"
    )


def _shown(path: Path, origin: str, keys: tuple[NoteKey, ...]) -> Seen | None:
    note = read_file(path, bytes_max=MAX_NOTE_BYTES)
    try:
        return see(note, where=path.name, origin=origin, keys=keys)
    except MalanError as error:
        complain(error)
        return None


def _place(home: Path | None) -> Path:
    return home or Path(os.environ.get("MALAN_HOME") or "malan-home") / "witness"


def _bar(title: str) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _stamp(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _print_status(
    vkey: str, retired: str | None, logs: list[dict[str, Any]], evidence: list[dict[str, Any]]
) -> None:
    sys.stdout.write(f"{vkey}\n")
    if retired:
        sys.stdout.write(f"已作废 RETIRED: {retired}\n")
    for log in logs:
        newest = f"size {log['size']}, {log['time']}" if log["size"] is not None else "尚未签名 nothing yet"
        sys.stdout.write(f"{log['origin']}: {newest}, heads {log['heads']}\n")
    for one in evidence:
        kind = "证据 EVIDENCE" if one["convicts"] else "未证实，不足为凭 no proof"
        sys.stdout.write(f"{kind} {one['code']}: {one['origin']} size {one['size']}, {one['time']}\n")
