"""Door: commands for any act: act, approve, send, receipts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from issuers.json_in import read_object
from issuers.sign.commands.options import HOME, HomePath, Json, KeyName, Yes
from issuers.sign.commands.out import REFUSED, error_document, reporting
from issuers.sign.commands.session import open_desk, read_id, read_input
from issuers.sign.desk.desk import refusals
from issuers.sign.desk.parties import approve as approve_statement
from issuers.sign.desk.parties import draft_act, logged_statement, need_same, send_act
from issuers.sign.desk.receipts import check_receipts
from issuers.sign.parcel import Answer
from issuers.sign.readable import act_body, readable, shanghai_time
from ledger.errors import Malformed
from ledger.statement import parse_statement

receipts_app = typer.Typer(help="The service's signed promises, kept in the outbox.")


def act(
    kind: Annotated[str, typer.Argument(help="The kind of act, as in party-admitted.")],
    file: Annotated[Path, typer.Argument(help="JSON with the act's members; - is stdin.")],
    subject: Annotated[str, typer.Option(help="What it is about, as in party/body-shenlan.")],
    enrolment: Annotated[
        Path | None, typer.Option(help="An enrolment file that becomes the member enrolment.")
    ] = None,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Signs any act from a file: bytes as hex, days as YYYY-MM-DD. It is decoded and shown before."""
    with reporting("act", as_json=as_json) as out:
        document = read_object(read_input(file), where=file.name)
        if enrolment is not None:
            document["enrolment"] = read_input(enrolment).hex()
        body = act_body(kind, document)
        with open_desk(out, home, key) as desk:
            statement = draft_act(desk, kind, subject, body)
            out.show("You sign:", readable(statement))
            out.ask("Sign and send this?", yes=yes)
            answer = send_act(desk, statement)
        name = statement.hash.hex()
        out.result(f"{placed(answer)}\nStatement {name}", {"hash": name, **answer_document(answer)})


def approve(
    statement: Annotated[
        str, typer.Argument(metavar="HASH", help="The hash of the statement, 64 hex digits.")
    ],
    seq: Annotated[int | None, typer.Option(help="Its place in the log, to show it from there.")] = None,
    file: Annotated[
        Path | None, typer.Option("--statement", help="The statement's bytes, to show it from a file.")
    ] = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Approve what you have seen elsewhere.")] = False,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Says the second officer's yes to a statement in the log, after showing it."""
    with reporting("approve", as_json=as_json) as out:
        name = read_id(statement, where="HASH", size=32)
        if seq is None and file is None and not unseen:
            fix = "Give --seq or --statement; or --unseen, if you have seen it elsewhere."
            raise Malformed("APPROVE_WHAT", "a hash alone cannot be shown", where="HASH", fix=fix)
        with open_desk(out, home, key) as desk:
            if file is not None or seq is not None:
                shown = parse_statement(read_input(file)) if file else logged_statement(desk, seq or 0)
                need_same(shown, name)
                out.show("You approve:", readable(shown))
            out.ask("Approve this?", yes=yes)
            answer = approve_statement(desk, name)
        out.result(placed(answer), {"hash": name.hex(), **answer_document(answer)})


def send(home: HomePath = HOME, key: KeyName = None, as_json: Json = False) -> None:
    """Sends everything that was signed and has no answer yet, the same bytes again."""
    with reporting("send", as_json=as_json) as out, open_desk(out, home, key) as desk:
        sent = desk.send_waiting()
        refused = refusals(sent)
        for item, error in refused:
            out.say(f"{item.kind}, {item.subject}: {error}")
        document = {
            "sent": len(sent),
            "refused": [{"subject": item.subject, **error_document(error)} for item, error in refused],
        }
        out.result(f"{len(sent) - len(refused)} of {len(sent)} are in the log.", document, ok=not refused)
        if refused:
            raise typer.Exit(REFUSED)


@receipts_app.command("check")
def receipts_check(
    log: Annotated[bool, typer.Option("--log", help="Ask the log for each entry too.")] = False,
    home: HomePath = HOME,
    key: KeyName = None,
    as_json: Json = False,
) -> None:
    """Checks every receipt of this home with the log's own keys, and on request the log itself.

    What contradicts a receipt is kept as evidence below the home.
    """
    with reporting("receipts check", as_json=as_json) as out, open_desk(out, home, key) as desk:
        report = check_receipts(desk, ask_log=log)
        for _, error in report.broken:
            out.say(str(error))
        document = {
            "checked": report.checked,
            "proved": report.proved,
            "broken": [{"seq": seq, **error_document(error)} for seq, error in report.broken],
            "kept": list(report.kept),
        }
        shown = f", {report.proved} entries shown by the log" if log else ""
        text = f"{report.checked - len(report.broken)} of {report.checked} receipts hold{shown}."
        if report.kept:
            text += f" The evidence is kept in {Path(report.kept[0]).parent}: give it to your district."
        out.result(text, document, ok=not report.broken)
        if report.broken:
            raise typer.Exit(REFUSED)


def placed(answer: Answer) -> str:
    """Where the log has it."""
    return f"In the log as entry {answer.seq}, {shanghai_time(answer.time_ms // 1000)}."


def answer_document(answer: Answer) -> dict[str, int]:
    """An answer for a program."""
    return {"seq": answer.seq, "time_ms": answer.time_ms}
