"""The desk: what an officer does with `malan-sign`, as functions that the commands and the demo both call.

Each takes a `Desk` (home, key, client, clock, randomness) first. `classes`, `issuing`, `standing`, `claims`
and `parties` are the flows; `trust` checks what the service says against the log's own acts; `artefacts`
writes the folder of a certificate; `papers` its PDF, `prints` a class on numbered paper, `shelf` keeps
templates. Nothing here talks to a person: commands do.
"""

from issuers.sign.desk.desk import Desk

__all__ = ["Desk"]
