"""What `serve --demo` says beside its address: how to sign in, and whether the QR codes lead here. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from registry.demo.cast import HOME_DISTRICT, OTHER_DISTRICT
from registry.serving.tls import Certified
from registry.settings import Settings

SIGNING: Final = (
    ("clerk 补贴受理", f"{OTHER_DISTRICT}/intake"),
    ("reviewer 补贴审核", f"{HOME_DISTRICT}/reviewer"),
    ("supervisor 区督导", f"{HOME_DISTRICT}/supervisor"),
)
"""Those of the demo's people who have a page of their own, and the folder of each below `desks`."""


def signing_in(home: Path, address: str, *, certificate: Certified | None) -> str:
    """Commands that print an address to open, for the people with a page of their own."""
    made = None if certificate is None else certificate.made
    trusted = "" if made is None else f"MALAN_CERTIFICATE={_quoted(made)} "
    sign = f"{trusted}MALAN_SERVER={address} malan-sign sign-in --yes --home"
    lines = [
        "The demo's people sign in with their own keys; each command prints an address that works once.",
        f"  export MALAN_PASSPHRASE_FILE={_quoted(home / 'keys' / 'PASSPHRASE.txt')}",
    ]
    for who, desk in SIGNING:
        lines += [
            f"  {who}:",
            f"    {sign} {_quoted(home / 'desks' / desk)}",
        ]
    return "\n".join(lines)


def mismatch(settings: Settings, address: str) -> str:
    """Empty when a phone that scans a code of this home arrives here; else what is wrong and what to do."""
    if address in settings.accepted_hosts:
        return ""
    origin = settings.qr_origin
    return "\n".join(
        (
            f"The QR codes in {settings.home} lead to {origin}, and this service is at {address}:",
            "a phone that scans one does not arrive here. Either serve where they lead,",
            f"  {serve_command(origin, settings.home)}",
            "or build another world whose codes lead here,",
            f"  malan demo --home ANOTHER-FOLDER --public-url {address}",
            f"二维码指向 {origin}，而本服务地址为 {address}，手机扫码打不开：请按上面任一命令处理。",
        )
    )


def serve_command(origin: str, home: Path) -> str:
    """What serves a home where its QR codes lead."""
    scheme, _, rest = origin.partition("://")
    host, _, port = rest.partition(":")
    port = port or ("443" if scheme == "https" else "80")
    tls = " --tls" if scheme == "https" else ""
    host = host if host in ("127.0.0.1", "localhost") else "0.0.0.0"  # noqa: S104  # a person's choice
    return f"malan serve --demo{tls} --host {host} --port {port} --home {_quoted(home)}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
