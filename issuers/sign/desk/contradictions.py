"""Door: what convicts the service, kept as files: its receipt, the statement, what the log showed instead.

A folder for each contradiction, `contradictions/<seq>-<code>-<mark>`: `statement.cose`, `receipt.cose`, what
the log showed as `log.tlog-proof`, and `what.json` with code and sentence. Another proof for an entry has a
folder of its own; nothing is overwritten. Whoever has the receipt key of the bundle can check them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from issuers.files import create_file, private_directory
from issuers.sign.home import Home
from issuers.sign.outbox import Item
from ledger.errors import MalanError, Unavailable

FOLDER = "contradictions"


def keep(home: Home, item: Item, error: MalanError, *, proof: bytes | None, now_ms: int) -> Path:
    """The folder with the evidence; the earlier one when this very contradiction was kept before.

    Raises Unavailable FILE_WRITE.
    """
    assert item.answer is not None  # a receipt is what is contradicted
    shown = b"" if proof is None else proof
    mark = hashlib.sha256(item.answer.receipt + shown).hexdigest()[:8]
    folder = private_directory(home.path / FOLDER / f"{item.answer.seq}-{error.code.lower()}-{mark}")
    told = {"code": error.code, "what": error.what, "where": error.where, "found_ms": now_ms}
    told |= {"seq": item.answer.seq, "promised_ms": item.answer.time_ms, "shown": proof is not None}
    files = {"statement.cose": item.parcel.statement, "receipt.cose": item.answer.receipt}
    if proof is not None:
        files["log.tlog-proof"] = proof
    files["what.json"] = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
    for name, data in files.items():
        try:
            create_file(folder / name, data)
        except Unavailable as failure:
            if failure.code != "FILE_EXISTS":
                raise
    return folder
