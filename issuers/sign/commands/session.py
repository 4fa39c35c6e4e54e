"""Door: opens a desk for a command: home, key, passphrase, service, this machine's clock and randomness."""

from __future__ import annotations

import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from issuers.files import read_file
from issuers.json_in import from_hex
from issuers.sign.client import Client
from issuers.sign.commands.out import Out
from issuers.sign.desk.desk import Desk
from issuers.sign.drafting import Speaker
from issuers.sign.home import Config, Home, need
from issuers.sign.keyring import PASSPHRASE_CHARS_MIN, open_key, read_key_file, read_passphrase_file
from issuers.sign.outbox import Outbox
from ledger.errors import Malformed, Unavailable
from ledger.keys import SoftwareSigner

PASSPHRASE_FILE: Final = "MALAN_PASSPHRASE_FILE"  # noqa: S105  # the name of a variable
INPUT_BYTES_MAX: Final = 16 * 2**20


def now_ms() -> int:
    """The clock of this machine, milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def fresh(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)


def open_home(path: Path, out: Path | None = None) -> tuple[Home, Config]:
    """The home and its settings under the environment."""
    home = Home(path, out)
    return home, home.read_config(os.environ)


def open_signer(home: Home, config: Config, name: str | None) -> SoftwareSigner:
    """The key to sign with, opened. Raises Unavailable KEY_MISSING, KEY_WHICH, KEY_PASSPHRASE."""
    name = name or config.key or _only_key(home)
    sealed = read_key_file(home.key_file(name))
    return open_key(sealed, passphrase(f"Passphrase of the key {name}: "))


def passphrase(question: str, *, new: bool = False) -> str:
    """From the file MALAN_PASSPHRASE_FILE names, or typed; a new one is typed twice.

    Raises Unavailable KEY_PASSPHRASE_MISSING when there is neither, KEY_PASSPHRASE when the two differ.
    """
    path = os.environ.get(PASSPHRASE_FILE)
    if path:
        return read_passphrase_file(Path(path))
    if not sys.stdin.isatty():
        fix = f"Name a file in {PASSPHRASE_FILE}, or run this at a terminal."
        raise Unavailable("KEY_PASSPHRASE_MISSING", "there is nobody to type the passphrase", fix=fix)
    first = getpass.getpass(question)
    if new:
        if len(first) < PASSPHRASE_CHARS_MIN:
            what = f"a passphrase has at least {PASSPHRASE_CHARS_MIN} characters"
            raise Malformed("KEY_PASSPHRASE_SHORT", what, fix="Take several words nobody would join.")
        if getpass.getpass("The same once more: ") != first:
            raise Unavailable("KEY_PASSPHRASE", "the two passphrases differ", fix="Type them again.")
    return first


@contextmanager
def open_desk(out: Out, path: Path, key: str | None, *, certificates: Path | None = None) -> Iterator[Desk]:
    """A desk with everything open; closed again at the end."""
    home, config = open_home(path, certificates)
    server = need(config.server, "server")
    party, origin = need(config.party, "party"), need(config.origin, "origin")
    speaker = Speaker(open_signer(home, config, key), party, origin)
    certificate = None if config.certificate is None else Path(config.certificate)
    with Client(server, sleep=time.sleep, certificate=certificate) as client, Outbox(home.outbox) as outbox:
        yield Desk(home, config, speaker, client, outbox, now_ms, fresh, out.progress, out.say)


def open_speaker(path: Path, key: str | None) -> tuple[Home, Speaker]:
    """For what needs no service: the key, its party and log."""
    home, config = open_home(path)
    party, origin = need(config.party, "party"), need(config.origin, "origin")
    return home, Speaker(open_signer(home, config, key), party, origin)


def read_input(path: Path) -> bytes:
    """A file a person named; `-` is stdin. Raises Unavailable FILE_READ, Malformed FILE_TOO_LARGE."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
        if len(data) > INPUT_BYTES_MAX:
            raise Malformed("FILE_TOO_LARGE", f"more than {INPUT_BYTES_MAX} bytes", where="stdin")
        return data
    return read_file(path, bytes_max=INPUT_BYTES_MAX)


def read_id(text: str, *, where: str, size: int = 16) -> bytes:
    """An id typed as hex, with or without its noun (`class/…`). Raises Malformed HEX_FORM."""
    return from_hex(text.rpartition("/")[2].lower(), where=where, size=size)


def proof_patience(seconds: int) -> Callable[[int], bool]:
    """Waits for the log to be published: looks every two seconds until so many have passed."""
    deadline = time.monotonic() + seconds

    def wait(_: int) -> bool:
        if time.monotonic() >= deadline:
            return False
        time.sleep(2.0)
        return True

    return wait


def _only_key(home: Home) -> str:
    names = home.key_names()
    if not names:
        fix = "Make one with malan-sign keygen, or name the folder with --home."
        raise Unavailable("KEY_MISSING", "there is no key in this home", where="keys", fix=fix)
    if len(names) > 1:
        raise Unavailable(
            "KEY_WHICH", f"this home has {len(names)} keys", where="keys", fix="Name one with --key."
        )
    return names[0]
