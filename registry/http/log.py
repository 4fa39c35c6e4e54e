"""The published log, bundle and lists, as the files the publisher wrote; nothing is made on the way out."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter, Response

from ledger.checkpoint import parse_decimal
from ledger.errors import MalanError, Refused, Unavailable
from ledger.publisher import CHECKPOINT_FULL
from ledger.tiles import parse_path
from registry.http.deps import FOR_ANY_SITE, Running

router = APIRouter(tags=["log"])

_TEXT = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"
_NOW = "no-cache"
_LIST = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@router.get("/trust.cbor")
def get_trust(service: Running) -> Response:
    """The trust bundle."""
    return _file(service.settings.home / "trust.cbor", "application/cbor", _NOW)


@router.get("/status/{number}")
def get_status(number: str, service: Running) -> Response:
    """A status list (IETF Token Status List, CWT)."""
    if not _LIST.fullmatch(number):
        raise Refused("LIST_UNKNOWN", "there is no such status list")
    return _file(
        service.settings.home / "status" / number, "application/statuslist+cwt", _NOW, "LIST_UNKNOWN"
    )


@router.get("/log/checkpoint")
def get_checkpoint(service: Running) -> Response:
    """The signed checkpoint with its cosignatures."""
    return _answer(service.log.checkpoint(), _TEXT, _NOW)


@router.get("/log/checkpoint.full")
def get_checkpoint_full(service: Running) -> Response:
    """The checkpoint with every cosignature there is, where `/log/checkpoint` has at most 16 lines."""
    return _file(service.settings.log_directory / CHECKPOINT_FULL, _TEXT, _NOW)


@router.get("/log/vkey")
def get_vkey(service: Running) -> Response:
    """The verifier key of the log (C2SP signed-note)."""
    return _file(service.settings.home / "log.vkey", _TEXT, _NOW)


@router.get("/log/policy")
def get_policy(service: Running) -> Response:
    """The witness policy (C2SP tlog-policy)."""
    return _file(service.settings.home / "policy.txt", _TEXT, _NOW)


@router.get("/log/proof/{seq}")
def get_proof(seq: str, service: Running) -> Response:
    """The tlog-proof of an entry, its leaf in the `extra` line."""
    try:
        place = parse_decimal(seq, where="seq")
    except MalanError:
        raise Refused("PROOF_NOT_PUBLISHED", "the published log has no such entry") from None
    return _answer(service.log.proof(place), _TEXT, _NOW)


@router.get("/log/tile/{path:path}")
def get_tile(path: str, service: Running) -> Response:
    """A tile of hashes or of entries (C2SP tlog-tiles)."""
    try:
        tile = parse_path(f"tile/{path}")
    except MalanError:
        raise Refused("TILE_UNKNOWN", "there is no such tile") from None
    place = service.settings.log_directory / tile.path
    return _file(place, "application/octet-stream", _FOR_EVER, "TILE_UNKNOWN")


def _file(path: Path, media_type: str, cache: str, missing: str = "") -> Response:
    # Read whole: a file that is replaced while it is streamed would be torn.
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if missing:
            raise Refused(missing, "there is no such file") from None
        raise Unavailable("NOT_PUBLISHED", "this is not published yet", fix="Try again.") from None
    return _answer(data, media_type, cache)


def _answer(data: bytes, media_type: str, cache: str) -> Response:
    headers = {"cache-control": cache, **FOR_ANY_SITE}
    return Response(data, media_type=media_type, headers=headers)
