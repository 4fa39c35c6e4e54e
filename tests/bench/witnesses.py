"""Sixteen witnesses in one process, each as `malan-verify witness serve` runs it.

    python -m tests.bench.witnesses FOLDER VKEY

Prints one JSON line, `[{"vkey": …, "url": …}, …]`, then serves until it is ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.checkpoint import cosign
from ledger.note import Note, parse_note, parse_vkey
from ledger.policy import Log, Policy
from verify.witness.home import create, open_home
from verify.witness.serving import Server

COUNT = 16


@contextmanager
def sixteen(folder: Path, vkey: str) -> Iterator[list[dict[str, str]]]:
    """Their keys and addresses, while they serve in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.witnesses", str(folder), vkey]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def possession(folder: Path, number: int, note: bytes, *, time: int) -> str:
    """The checkpoint cosigned by that witness's key, as the act that appoints it carries it."""
    cosigner, text = open_home(folder / f"{number:02}").witness.cosigner, parse_note(note).text
    return Note(text, (cosign(text, cosigner, time=time),)).render().decode()


def main() -> None:
    """Makes them and serves."""
    folder, key = Path(sys.argv[1]), parse_vkey(sys.argv[2])
    told = []
    for number in range(1, COUNT + 1):
        home = folder / f"{number:02}"
        logs = Policy((Log(key),), (), (), "none")
        vkey = create(home, name=f"w{number:02}.bench.example/malan", logs=logs, seed=os.urandom(32)).vkey
        server = Server(open_home(home), "127.0.0.1", 0, quiet=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.append({"vkey": vkey, "url": f"http://127.0.0.1:{server.server_address[1]}"})
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
