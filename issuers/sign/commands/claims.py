"""Door: commands of the subsidy counter: claim, decide, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from issuers.acts.words import Outcome
from issuers.authority.case import shanghai_date
from issuers.sign.answers import plain_line
from issuers.sign.commands.acts import answer_document, placed
from issuers.sign.commands.options import HOME, HomePath, Json, KeyName, Reason, Yes
from issuers.sign.commands.out import Out, reporting
from issuers.sign.commands.session import open_desk, read_id, read_input
from issuers.sign.desk.claims import (
    check_application,
    decide_claim,
    prepare_claim,
    read_application,
    submit_claim,
    withdraw_claim,
)

ClaimId = Annotated[str, typer.Argument(metavar="CLAIM", help="The id of the claim, 32 hex digits.")]


def claim(
    file: Annotated[Path, typer.Argument(help="The application as JSON; - is stdin. Never as arguments.")],
    check: Annotated[
        bool, typer.Option("--check", help="Say what would be decided, submit nothing.")
    ] = False,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Checks an application for the subsidy and submits the claim."""
    with reporting("claim", as_json=as_json) as out, open_desk(out, home, key) as desk:
        application = read_application(read_input(file), today=shanghai_date(desk.clock()))
        decision = check_application(desk, application)
        _show_decision(out, decision)
        if check:
            out.result("Nothing was submitted.", {"decision": dict(decision)})
            return
        prepared = prepare_claim(desk, application)
        out.ask(f"Submit claim/{prepared.claim.hex()} under policy {prepared.policy}?", yes=yes)
        answer = submit_claim(desk, prepared, application)
        name = prepared.claim.hex()
        document = {"claim": name, "decision": dict(decision), **answer_document(answer)}
        out.result(f"claim/{name} is submitted. {placed(answer)}", document)


def decide(
    claim_id: ClaimId,
    outcome: Annotated[Outcome, typer.Argument(help="The decision.")],
    amount_fen: Annotated[
        int, typer.Option("--amount-fen", help="What is paid, in fen (180000 is 1800 yuan).")
    ] = 0,
    reasons: Annotated[
        list[str] | None, typer.Option("--reason", help="Codes of the reasons; may be repeated.")
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="A rejection that frees project and slot for another claim.")
    ] = False,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Decides a claim, as the institution's district."""
    with reporting("decide", as_json=as_json) as out:
        name = read_id(claim_id, where="CLAIM")
        with open_desk(out, home, key) as desk:
            told = f"{outcome.value}, {amount_fen / 100:.2f} yuan" + (", released" if release else "")
            out.ask(f"Decide claim/{name.hex()}: {told}?", yes=yes)
            answer = decide_claim(
                desk, name, outcome, amount_fen=amount_fen, reasons=reasons or (), release=release
            )
        out.result(f"Decided. {placed(answer)}", {"claim": name.hex(), **answer_document(answer)})


def withdraw(
    claim_id: ClaimId,
    reason: Reason,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Withdraws a claim that is not decided yet."""
    with reporting("withdraw", as_json=as_json) as out:
        name = read_id(claim_id, where="CLAIM")
        with open_desk(out, home, key) as desk:
            out.ask(f"Withdraw claim/{name.hex()}?", yes=yes)
            answer = withdraw_claim(desk, name, reason)
        out.result(f"Withdrawn. {placed(answer)}", {"claim": name.hex(), **answer_document(answer)})


def _show_decision(out: Out, decision: Mapping[str, Any]) -> None:
    rows = []
    findings = decision.get("findings")
    for finding in findings if isinstance(findings, list) else []:
        if isinstance(finding, Mapping):
            cells = [finding.get(name) for name in ("answer", "code", "zh", "en")]
            answer, code, zh, en = (plain_line(str(cell or "")) for cell in cells)
            rows.append((answer, code, f"{zh} {en}"))
    outcome = plain_line(str(decision.get("outcome", "")))
    amount = decision.get("amount_fen")
    paid = f", {amount / 100:.2f} yuan" if isinstance(amount, int) else ""
    doubt = " (policy unconfirmed)" if decision.get("unconfirmed") else ""
    out.table(("answer", "code", "reason"), rows, title=f"{outcome}{paid}{doubt}")
