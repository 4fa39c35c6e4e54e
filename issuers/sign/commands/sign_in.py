"""Door: the command that signs a browser in."""

from __future__ import annotations

from typing import Annotated

import typer

from issuers.qr import check_origin
from issuers.sign.commands.options import HOME, HomePath, Json, KeyName, Yes
from issuers.sign.commands.out import reporting
from issuers.sign.commands.session import open_desk
from issuers.sign.desk.signing_in import sign_in as sign_in_at
from issuers.sign.home import need
from ledger.errors import Malformed


def sign_in(
    at: Annotated[
        str | None, typer.Option("--at", help="The address of the pages, where it is not the service's own.")
    ] = None,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Signs a browser in: prints an address that works once, for a minute."""
    with reporting("sign-in", as_json=as_json) as out, open_desk(out, home, key) as desk:
        host = at or need(desk.config.server, "server")
        try:
            check_origin(host)
        except Malformed as error:
            fix = "Write https://host, as the centre has published it."
            raise Malformed("SERVER_URL", "not the address of a service", where="at", fix=fix) from error
        kid = desk.speaker.signer.public.kid.hex()
        out.show("Sign in", {"address": host, "party": desk.speaker.party, "key": kid})
        out.ask(f"Is {host} the address the centre has published?", yes=yes)
        address = sign_in_at(desk, host)
        document = {"address": address, "host": host, "party": desk.speaker.party, "kid": kid, "seconds": 60}
        out.result(f"Open this within a minute; it works once:\n{address}", document)
