"""Door: the QR text of a certificate in a file somebody hands in: a picture, or a PDF. Nothing is kept.

Promises: what a PDF carries goes before what it shows, and a PDF that was changed after it was sealed is not
looked into further. Whether to believe the text is for the check to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from issuers.credential import parse_credential
from issuers.qr import make_text
from ledger.errors import MalanError, Malformed, Refused
from verify.scan import only_text, scan_image

_NOT_OURS: Final = frozenset({"PDF_NO_CREDENTIAL", "PDF_UNREADABLE"})
_NOTHING: Final = frozenset({"SCAN_NONE", "SCAN_NOT_IMAGE"})


def text_in_pdf(data: bytes, *, host: str) -> dict[str, Any]:
    """`qr`: the text; of a credential attached, as it stands in a code at `host`, with `sealed`.

    `sealed`: the whole file is signed by the credential's own key. Raises Refused PDF_ALTERED; Malformed as
    `read_attached`; and as `scan_image` where only a picture is in it.
    """
    # pyHanko takes as long to import as the rest of the service, and few send a PDF.
    from issuers.printing.attached import Seal, read_attached

    try:
        found = read_attached(data)
    except Malformed as error:
        if error.code not in _NOT_OURS:
            raise
        return {"qr": _text_on_pages(data)}
    if found.seal is Seal.ALTERED:
        raise Refused("PDF_ALTERED", "the file was changed after it was sealed")
    parsed = parse_credential(found.credential)
    text = make_text(host=host, code=parsed.claims.code, credential=found.credential)
    return {"qr": text, "sealed": found.seal is Seal.SOUND and found.kid == parsed.message.kid}


def _text_on_pages(data: bytes) -> str:
    from issuers.printing.pictured import read_pictures

    return only_text(_texts(read_pictures(data)))


def _texts(pictures: list[bytes]) -> Iterator[str]:
    for picture in pictures:
        try:
            yield scan_image(picture)
        except MalanError as error:
            if error.code not in _NOTHING:
                raise
