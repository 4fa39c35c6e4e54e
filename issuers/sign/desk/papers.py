"""Door: the PDF of each certificate in its folder.

Promises: a PDF is made only when its proof is there to be attached, and made once; it is set by the template
that is pinned and sealed by the key of the desk. One person's trouble leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from issuers.credential import parse_credential
from issuers.files import read_file, replace_file
from issuers.printing.certificate_pdf import make_pdf
from issuers.printing.folder import PDF, PROOF
from issuers.sign.desk.artefacts import Note, credential_of, decode_note, folder_of, page_fields, qr_of
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.shelf import template_of
from issuers.sign.outbox import Item
from ledger.errors import MalanError
from ledger.proof import MAX_PROOF_BYTES

_CHAIN_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Papers:
    """What is wanted of a PDF: a second page in English."""

    english: bool = False


def write_pdfs(desk: Desk, papers: Papers, items: Sequence[Item]) -> list[tuple[Item, MalanError]]:
    """Makes the missing PDFs of logged certificates that have their proof; whose could not be made, and
    why."""
    failed: list[tuple[Item, MalanError]] = []
    for done, item in enumerate(items, start=1):
        folder = folder_of(desk.home, item)
        if (folder / PROOF).exists() and not (folder / PDF).exists():
            try:
                replace_file(folder / PDF, _made(desk, papers, item, folder))
            except MalanError as error:
                failed.append((item, error))
        desk.progress("pdfs", done, len(items))
    return failed


def _made(desk: Desk, papers: Papers, item: Item, folder: Path) -> bytes:
    note, credential, qr = decode_note(item.note), credential_of(item), qr_of(item)
    claims = parse_credential(credential).claims
    pdf = make_pdf(
        page_fields(claims, note, qr),
        host=note.host,
        credential=credential,
        proof=read_file(folder / PROOF, bytes_max=MAX_PROOF_BYTES),
        template=template_of(desk.home, note.kind),
        english=papers.english,
    )
    return _sealed(desk, pdf, note)


def _sealed(desk: Desk, pdf: bytes, note: Note) -> bytes:
    """Under the certificates an authority gave for the key, if the settings name them, or the key's own."""
    # Not above: pyHanko takes as long to import as this whole program, and most commands seal nothing.
    from issuers.printing.seal import read_chain, seal_pdf, self_certificate

    signer, path = desk.speaker.signer, desk.config.seal_certificate
    if path is None:
        chain: tuple[bytes, ...] = (self_certificate(signer, body=note.body),)
    else:
        chain = read_chain(read_file(Path(path), bytes_max=_CHAIN_BYTES_MAX), signer)
    at = datetime.fromtimestamp(desk.clock() // 1000, tz=UTC)
    return seal_pdf(pdf, signer, chain=chain, body=note.body, at=at)
