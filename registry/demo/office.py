"""Door: the desks of the demo's people, each with a key file and an outbox of its own, as in production.

Only the cost of sealing a key file is lower than `malan-sign keygen` takes, and the passphrase is written
beside the keys: these keys are marked as demo keys and guard nothing.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from issuers.sign.client import Client
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.parties import enrol
from issuers.sign.drafting import Speaker
from issuers.sign.home import Config, Home
from issuers.sign.keyring import Kdf, create_key_file, seal_key
from issuers.sign.outbox import Outbox
from ledger.keys import ES256, SoftwareSigner, from_seed
from registry.clock import Clock

PASSPHRASE = "demo only, guards nothing"  # noqa: S105  # written beside the keys, on purpose
CHEAP = Kdf(2**14, 8, 1)
NOTE = "These keys are for the demo. The passphrase is in PASSPHRASE.txt; never enrol one elsewhere.\n"


class Office:
    """Makes keys and opens desks under one folder; `close` ends every connection."""

    def __init__(self, folder: Path, origin: str, clock: Clock) -> None:
        self._folder = folder
        self._origin = origin
        self._clock = clock
        self._signers: dict[tuple[str, str], SoftwareSigner] = {}
        self._desks: dict[tuple[str, str], Desk] = {}
        keys = folder / "keys"
        keys.mkdir(parents=True, mode=0o700)
        (keys / "DEMO-KEYS.txt").write_text(NOTE)
        (keys / "PASSPHRASE.txt").write_text(PASSPHRASE + "\n")

    def speaker(self, party: str, name: str) -> Speaker:
        """The person's key, made and sealed on first use, and whom it speaks for."""
        if (party, name) not in self._signers:
            signer = from_seed(ES256, os.urandom(48))
            sealed = seal_key(signer, PASSPHRASE, salt=os.urandom(16), nonce=os.urandom(12), kdf=CHEAP)
            path = self._folder / "keys" / party / f"{name}.key"
            path.parent.mkdir(exist_ok=True, mode=0o700)
            create_key_file(path, sealed)
            self._signers[party, name] = signer
        return Speaker(self._signers[party, name], party, self._origin)

    def enrolment(self, party: str, name: str, staff: bytes) -> bytes:
        """The person's own proof of possession for that staff id."""
        return enrol(self.speaker(party, name), staff, now_ms=self._clock.now_ms(), fresh=os.urandom(10))

    def open_desks(self, server: str, *, later: str) -> None:
        """From here on `desk` may be asked: the service runs at `server` now, and will at `later`."""
        self._server, self._later = server, later

    def desk(self, party: str, name: str, *, responsible: tuple[str, ...] = ()) -> Desk:
        """The person's desk; certificates go into the world's own folder."""
        if (party, name) not in self._desks:
            home = Home(self._folder / "desks" / party / name, self._folder / "certificates")
            config = Config(
                server=self._later, party=party, origin=self._origin, responsible=responsible, demo=True
            )
            home.write_config(config)
            speaker = self.speaker(party, name)
            key = home.key_file(name)
            key.parent.mkdir(mode=0o700)
            key.symlink_to(os.path.relpath(self._folder / "keys" / party / f"{name}.key", key.parent))
            self._desks[party, name] = Desk(
                home,
                config,
                speaker,
                Client(self._server, sleep=time.sleep),
                Outbox(home.outbox),
                self._clock.now_ms,
                os.urandom,
            )
        return self._desks[party, name]

    def close(self) -> None:
        """Ends every connection and outbox."""
        for desk in self._desks.values():
            desk.client.close()
            desk.outbox.close()
