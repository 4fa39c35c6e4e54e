"""The two cookies of the service: an officer's session, and a holder's visit. Pure.

Promises: out of reach of scripts, for this host alone, Secure wherever there is TLS; without TLS, which is
for this machine only, under another name, since no browser keeps a Secure cookie there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from fastapi import Request, Response

from ledger.errors import Refused


@dataclass(frozen=True, slots=True)
class Cookie:
    """`secure` and `loopback` are its names with TLS and without."""

    secure: str
    loopback: str
    samesite: Literal["lax", "strict"]

    def name_at(self, host: str) -> str:
        """The one that is good at an address."""
        return self.secure if host.startswith("https://") else self.loopback

    def of(self, request: Request) -> tuple[str, str]:
        """Name and value as they came. Raises Refused SESSION_NONE."""
        # Blanks that are none in a browser are trimmed in Python: such a name would not be the one it seems.
        sent = request.headers.get("cookie", "")  # there is one: the gate refuses two
        plain = sent.isascii() and sent.isprintable()
        for name in (self.secure, self.loopback):
            if plain and name in request.cookies:
                return name, request.cookies[name]
        raise Refused("SESSION_NONE", "nobody is signed in", fix="Sign in.")

    def give(self, response: Response, host: str, secret: str) -> None:
        """Hands the secret to the browser, until it is closed."""
        name = self.name_at(host)
        response.set_cookie(
            name, secret, path="/", secure=name == self.secure, httponly=True, samesite=self.samesite
        )

    def drop(self, response: Response) -> None:
        """Takes both from the browser."""
        for name in (self.secure, self.loopback):
            response.delete_cookie(
                name, path="/", secure=name == self.secure, httponly=True, samesite=self.samesite
            )


OFFICER: Final = Cookie("__Host-malan", "malan-loopback", "lax")
HOLDER: Final = Cookie("__Host-malan-holder", "malan-holder", "strict")
