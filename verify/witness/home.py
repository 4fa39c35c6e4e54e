"""Door: a witness's folder: its key, the logs it watches, what it remembers, what it cosigned last.

    witness.key     Ed25519, mode 0600, one line: PRIVATE+KEY+<name>+<key id>+<base64 of 0x04 and the seed>
    logs.txt        a tlog-policy of `log <vkey> [<url>]` lines and `quorum none`; yours to edit: with
                    `witness <name> <vkey> <url>` lines for districts the log might leave out
    witness.db      what was cosigned (`state`): if it is lost, so is the right to use the key
    cosigned/<SHA-256 of the origin>/checkpoint     the newest head of each log, to be carried or served
    mirror/<SHA-256 of the origin>/                 every entry, where this witness mirrors (`mirror`)

Promises: `create` makes a folder that was empty, and nothing else ever makes a key or a state; a key others
may read is refused. Source of the key's form: golang.org/x/mod sumdb/note, with the type of a cosigner.
"""

from __future__ import annotations

import base64
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.files import create_file, private_directory, read_file, replace_file
from ledger.add_checkpoint import origin_hash
from ledger.checkpoint import Cosigner, CosignerKey, parse_checkpoint
from ledger.errors import MalanError, Malformed, Refused, Unavailable
from ledger.note import MAX_NOTE_BYTES, NoteKey, decode_base64, parse_note
from ledger.policy import MAX_POLICY_BYTES, Policy, Witness, parse_policy, render_policy
from ledger.witnessing import is_cosigned_by
from verify.witness.answering import OWN_UNKNOWN, Witnessing
from verify.witness.state import State, lost
from verify.witness.state import create as create_state

KEY: Final = "witness.key"
STATE: Final = "witness.db"
LOGS: Final = "logs.txt"
COSIGNED: Final = "cosigned"
MIRROR: Final = "mirror"
SEED_BYTES: Final = 32
_KEY_BYTES_MAX: Final = 1_000
_PREFIX: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Home:
    """An opened folder; `urls` has the address of each log that has one, by origin; `others`: witnesses."""

    path: Path
    witness: Witnessing
    urls: Mapping[str, str]
    others: tuple[Witness, ...] = ()

    def cosigned(self, origin: str) -> Path:
        """Where the newest cosigned head of a log lies."""
        return self.path / COSIGNED / origin_hash(origin) / "checkpoint"

    def mirror(self, origin: str) -> Path:
        """The directory of a mirrored log, in the form of C2SP tlog-tiles."""
        return self.path / MIRROR / origin_hash(origin)

    def show(self, origin: str) -> None:
        """Writes the newest head of a log to its place. Raises Unavailable FILE_WRITE or WITNESS_STATE."""
        head = self.witness.state.latest(origin)
        if head is not None:
            place = self.cosigned(origin)
            private_directory(place.parent)
            replace_file(place, head.note, mode=0o644)


def create(path: Path, *, name: str, logs: Policy, seed: bytes) -> CosignerKey:
    """A new witness in an empty folder; `seed` 32 fresh random bytes. The key to publish.

    Raises Refused HOME_NOT_EMPTY or WITNESS_NO_LOG; Malformed KEY_NAME; Unavailable FILE_WRITE.
    """
    if not logs.logs:
        raise Refused("WITNESS_NO_LOG", "a witness watches at least one log", fix="Name it with --log.")
    cosigner = Cosigner(name, Ed25519PrivateKey.from_private_bytes(seed))
    key = cosigner.key  # the name is checked before anything is made
    private_directory(path)
    if any(path.iterdir()):
        raise Refused("HOME_NOT_EMPTY", "the folder is not empty", fix="Choose an empty one: --home DIR.")
    create_file(path / LOGS, render_policy(Policy(logs.logs, (), (), "none")), mode=0o644)
    create_state(path / STATE, vkey=key.vkey)
    # The key last: without it nothing was cosigned, so a folder half made is worth nothing.
    create_file(path / KEY, render_key(cosigner))
    return key


def open_home(path: Path) -> Home:
    """The witness of a folder.

    Raises Unavailable WITNESS_STATE_LOST, FILE_READ, KEY_OPEN_TO_OTHERS or HOME_OPEN_TO_OTHERS; Malformed
    WITNESS_KEY, POLICY_*.
    """
    cosigner = _read_key(path / KEY)
    policy = parse_policy(read_file(path / LOGS, bytes_max=MAX_POLICY_BYTES))
    keys: dict[str, list[NoteKey]] = {}
    for log in policy.logs:
        keys.setdefault(log.key.name, []).append(log.key)
    urls = {log.key.name: log.url for log in policy.logs if log.url is not None}
    state = State(path / STATE, vkey=cosigner.key.vkey)
    _require_own(path)
    home = Home(path, Witnessing(keys, state, cosigner), urls, policy.witnesses)
    for origin in keys:
        _require_memory(home, origin)
    return home


def _require_own(path: Path) -> None:
    """Whoever may write here could put an old memory back."""
    for one in (path, path / STATE):
        if one.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Unavailable(
                "HOME_OPEN_TO_OTHERS",
                "others may change what this witness remembers",
                where=one.name,
                fix="chmod go-w, if nobody has.",
            )


def _require_memory(home: Home, origin: str) -> None:
    """What lies ready to be carried was remembered before; else an old `witness.db` was brought back."""
    try:
        note = parse_note(read_file(home.cosigned(origin), bytes_max=MAX_NOTE_BYTES))
        checkpoint = parse_checkpoint(note.text)
    except MalanError:
        return
    if not is_cosigned_by(note, home.witness.cosigner.key):
        return
    with home.witness.state.turn() as turn:
        head = turn.at(checkpoint.origin, checkpoint.size)
        known = head is not None and head.checkpoint == checkpoint
        if not known:
            turn.retire(OWN_UNKNOWN)
    if not known:
        raise lost(STATE)


def render_key(cosigner: Cosigner) -> bytes:
    """The private key as a line of text."""
    key = cosigner.key
    raw = bytes([key.TYPE]) + cosigner.private_key.private_bytes_raw()
    return f"{_PREFIX}{key.name}+{key.key_id.hex()}+{base64.b64encode(raw).decode()}\n".encode()


def parse_key(data: bytes) -> Cosigner:
    """Raises Malformed WITNESS_KEY: the file is not one `render_key` writes."""
    try:
        name, key_id, encoded = data.decode().removesuffix("\n").removeprefix(_PREFIX).split("+", 2)
        raw = decode_base64(encoded, where=KEY)
        cosigner = Cosigner(name, Ed25519PrivateKey.from_private_bytes(raw[1:]))
        if cosigner.key.key_id.hex() == key_id and render_key(cosigner) == data:
            return cosigner
    except (ValueError, Malformed):
        pass
    raise Malformed("WITNESS_KEY", "not the key file of a witness", where=KEY)


def _read_key(path: Path) -> Cosigner:
    data = read_file(path, bytes_max=_KEY_BYTES_MAX)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unavailable(
            "KEY_OPEN_TO_OTHERS", "others may read the key", where=KEY, fix="chmod 600, if nobody has."
        )
    return parse_key(data)
