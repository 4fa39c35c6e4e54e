"""Door: `malan-verify check`: reads what the user names, asks for a verdict, prints it.

Promises: one document on stdout with --json and nothing else there; every trouble is a verdict or a message
with a code; the exit code is the verdict's.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from issuers.credential import parse_credential
from issuers.files import read_file
from issuers.json_in import from_hex
from ledger.errors import BadSignature, MalanError, Malformed
from ledger.proof import MAX_PROOF_BYTES
from verify.commands.options import AsJson, At, Genesis, print_json, time_asked
from verify.evidence import Evidence
from verify.findings import altered, could_not_read, could_not_trust
from verify.gather import Gatherer, Wanted
from verify.panel import render
from verify.pins import PinStore
from verify.scan import FILE_BYTES_MAX, scan_image
from verify.verdict import Verdict

_IMAGES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_ADDRESS: Final = re.compile(r"https?://", re.ASCII)
_PDF: Final = b"%PDF-"
_TAG_18: Final = b"\xd2"

UNSEALED: Final = (
    "!!! 此 PDF 未经凭证签发者盖章：页面内容可能不实，请以本核验显示的内容为准。\n"
    "!!! This PDF bears no seal of the credential's signer: its pages may say anything. "
    "Believe what is shown here."
)

What = Annotated[
    str,
    typer.Argument(help="QR text, picture, certificate.pdf, credential.cose or a text file such as qr.txt"),
]
TrustFile = Annotated[Path | None, typer.Option("--trust", help="Trust bundle (trust.cbor)")]
ProofFile = Annotated[Path | None, typer.Option("--proof", help="Proof of logging (.tlog-proof)")]
RequireProof = Annotated[bool, typer.Option("--require-proof", help="Without a proof: could not check")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask nobody")]
Server = Annotated[
    str | None, typer.Option("--server", envvar="MALAN_SERVER", help="Service to ask, https://host")
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(check)


def check(
    what: What,
    trust: TrustFile = None,
    proof: ProofFile = None,
    require_proof: RequireProof = False,
    offline: Offline = False,
    at: At = None,
    as_json: AsJson = False,
    server: Server = None,
    genesis: Genesis = None,
) -> None:
    """Is this certificate genuine, who answers for it, does it stand? Exit 0 valid, 1 no, 2 could not check.

    真伪核验：退出码 0 有效，1 否定，2 未能核验。
    """
    now = time_asked(at) // 1000
    home = os.environ.get("MALAN_HOME")
    store = PinStore(Path(home or "malan-home"))
    wanted = Wanted(
        trust_file=trust,
        genesis=None if genesis is None else from_hex(genesis, where="--genesis", size=32),
        server=None if server is None else server.rstrip("/"),
        offline=offline,
        require_proof=require_proof,
        # A bundle the user names is remembered only where a folder for it was made or named.
        keep=trust is None or home is not None or store.exists,
    )
    gatherer = Gatherer(wanted=wanted, store=store)
    verdict = _verdict(gatherer, what, proof, now=now)
    for note in gatherer.notes:
        sys.stderr.write(f"{note}\n")
    _print(verdict, as_json=as_json)
    raise typer.Exit(verdict.exit_code)


def _verdict(gatherer: Gatherer, what: str, proof_file: Path | None, *, now: int) -> Verdict:
    proof = None if proof_file is None else read_file(proof_file, bytes_max=MAX_PROOF_BYTES)
    try:
        evidence = _evidence(gatherer, what, proof)
    except BadSignature as error:
        return altered(error, now=now)
    except MalanError as error:
        return could_not_read(error, now=now)
    try:
        return gatherer.verdict(evidence, now=now)
    except MalanError as error:
        return could_not_trust(error, now=now)


def _evidence(gatherer: Gatherer, what: str, proof: bytes | None) -> Evidence:
    """An argument that begins like a web address is a QR text and never a path; anything else is a file."""
    if _ADDRESS.match(what):
        return Evidence(text=what, proof=proof)
    data = sys.stdin.buffer.read(FILE_BYTES_MAX + 1) if what == "-" else _file(what)
    if data.startswith(_PDF):
        return _of_pdf(gatherer, data, proof)
    if data.startswith(_IMAGES):
        return Evidence(text=scan_image(data), proof=proof)
    try:
        text = None if data.startswith(_TAG_18) else data.decode()
    except UnicodeDecodeError:
        text = None
    if text is None:
        return Evidence(credential=data, proof=proof)
    return Evidence(text=text.removesuffix("\n").removesuffix("\r"), proof=proof)


def _of_pdf(gatherer: Gatherer, data: bytes, proof: bytes | None) -> Evidence:
    """What the PDF carries; a proof the user names goes before the one in it.

    Raises BadSignature PDF_ALTERED, and as `read_attached`. A page without a sound seal may say anything at
    all, whatever its attachment is worth: that is said beside the verdict.
    """
    # Not above: pyHanko takes as long to import as this whole program, and few check a PDF.
    from issuers.printing.attached import Seal, read_attached

    found = read_attached(data)
    if found.seal is Seal.ALTERED:
        raise BadSignature("PDF_ALTERED", "the file was changed after it was sealed")
    if found.seal is Seal.NONE or found.kid != _kid_in(found.credential):
        gatherer.notes.append(UNSEALED)
    return Evidence(credential=found.credential, proof=proof if proof is not None else found.proof)


def _kid_in(credential: bytes) -> bytes | None:
    try:
        return parse_credential(credential).message.kid
    except MalanError:
        return None  # the check says what is the matter with it


def _file(what: str) -> bytes:
    if "\x00" in what or len(os.fsencode(what)) > 4096:
        raise Malformed("INPUT_UNKNOWN", "neither a QR text nor the name of a file")
    return read_file(Path(what), bytes_max=FILE_BYTES_MAX)


def _print(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        print_json(verdict.to_document())
    else:
        Console(width=max(80, Console().width), highlight=False).print(render(verdict))
