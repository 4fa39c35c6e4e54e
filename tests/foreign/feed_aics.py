"""Feeds a published log to a witness with the client of `aics-witness`. Runs in the environment of 3.12.

    python feed_aics.py LOG_DIRECTORY WITNESS_URL WITNESS_VKEY

Prints the cosignature lines; on a refusal `rejected <status>` or `ahead <size>`, and exits with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aics_tlog import FileSystemTileReader, consistency_proof_from_tiles
from aics_witness.feeder import WitnessAhead, WitnessClient, WitnessRejected


def main() -> None:
    """One submission."""
    directory, url, vkey = sys.argv[1:]
    reader = FileSystemTileReader(directory)

    def prove(old: int, new: int) -> list[bytes]:
        return consistency_proof_from_tiles(reader, old, new)

    note = (Path(directory) / "checkpoint").read_bytes()
    with WitnessClient(url, vkey, backoff=0.01) as client:
        try:
            sys.stdout.write(client.submit(note, prove))
        except WitnessRejected as error:
            sys.exit(f"rejected {error.status}")
        except WitnessAhead as error:
            sys.exit(f"ahead {error.known_size}")


main()
