"""Signing in to the service's pages with a key of this desk: a session statement, a ticket for the browser.

Promises that the address signed over is the one the person was shown, never one the service names: a
lookalike that passes our nonce on gets a statement which the service refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from issuers.base64url import from_b64
from issuers.session import NONCE_BYTES_MAX, sign_session
from issuers.sign.answers import bad_answer
from issuers.sign.desk.desk import Desk
from ledger.errors import BadSignature, Malformed

_SUBJECT: Final = re.compile(r"officer/[0-9a-f]{32}", re.ASCII)


def sign_in(desk: Desk, host: str) -> str:
    """The address to open in a browser within a minute; it works once.

    Raises Malformed QR_ORIGIN for an address no session may have; BadSignature SESSION_KEY; Refused
    SESSION_HOST and what else the service says.
    """

    def sign() -> bytes:
        offered = desk.client.nonce(desk.speaker.signer.public.kid)
        nonce, subject = _read(offered)
        if offered.get("iss") != desk.speaker.party:
            raise BadSignature("SESSION_KEY", "the log enrols this key for another party than this home's")
        claims = desk.speaker.claims(subject, now_ms=desk.clock(), fresh=desk.fresh(10))
        return sign_session(desk.speaker.signer, claims=claims, host=host, nonce=nonce)

    return f"{host}/sign-in#{desk.client.ticket(sign)}"


def _read(offered: Mapping[str, Any]) -> tuple[bytes, str]:
    subject = offered.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise bad_answer("sub")
    try:
        return from_b64(offered.get("nonce"), bytes_max=NONCE_BYTES_MAX, where="nonce"), subject
    except Malformed as error:
        raise bad_answer("nonce") from error
