"""Door: `malan`, the program of the operator: it runs the service and looks after its store."""

from __future__ import annotations

import typer

from registry.commands import backing, erasing, looking, recovering, reopening, running, showing, starting

app = typer.Typer(
    name="malan",
    help="Training-quality and certificate registry with a traceability ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("demo")(showing.demo)
app.command("init")(starting.init)
app.command("serve")(running.serve)
app.command("migrate")(starting.migrate_command)
app.command("fsck")(looking.fsck)
app.command("publish")(running.publish)
app.command("backup")(backing.backup)
app.command("restore")(backing.restore)
app.command("rebuild")(recovering.rebuild_command)
app.command("handovers")(recovering.handovers_command)
app.command("evidence")(looking.evidence)
app.command("erasure")(erasing.erasure)
app.command("reopen")(reopening.reopen_command)
app.command("settings")(looking.settings_command)


def main() -> None:
    """The entry point of the program."""
    app()


if __name__ == "__main__":
    main()
