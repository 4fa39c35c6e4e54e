"""Door: `malan-sign`, the program of a party: it holds the party's keys and says what it answers for."""

from __future__ import annotations

import typer

from issuers.sign.commands import acts, certificates, claims, classes, papers, setup, sign_in, stock, versions

app = typer.Typer(
    name="malan-sign",
    help="Signs what a party answers for, and keeps every signed statement until the log has it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (
    *(setup.keygen, setup.enrol, setup.staff),
    *(acts.act, acts.approve, acts.send),
    *(classes.roster, classes.evaluate, classes.confirm),
    *(certificates.issue, certificates.suspend, certificates.restore, certificates.revoke, certificates.void),
    *(versions.correct, versions.reissue, versions.cancel),
    *(claims.claim, claims.decide, claims.withdraw),
    sign_in.sign_in,
):
    app.command()(command)
app.command("print")(papers.print_)
app.add_typer(papers.template_app, name="template")
app.add_typer(stock.stock_app, name="stock")
app.add_typer(setup.genesis_app, name="genesis")
app.add_typer(acts.receipts_app, name="receipts")


def main() -> None:
    """The entry point of the program."""
    app()


if __name__ == "__main__":
    main()
