"""The published log, bundle and lists, as the files the publisher wrote, and the changes read from them."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from issuers.bundle import unpack
from issuers.carried import ACTS, TRUST
from issuers.status import VALUE_WORDS
from ledger.checkpoint import parse_decimal
from ledger.errors import MalanError, Malformed, Refused, Unavailable
from ledger.publisher import CHECKPOINT_FULL
from ledger.tiles import parse_path
from registry.http.deps import FOR_ANY_SITE, Running
from registry.published.changes import ChangeFeed, Changes

router = APIRouter(tags=["log"])

_TEXT = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"
_NOW = "no-cache"
_LIST = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@router.get("/trust.cbor")
@router.get("/log/trust.cbor")
def get_trust(request: Request, service: Running) -> Response:
    """The trust bundle; packed (gzip) for whoever takes it so, and nothing (304) for whoever has this one."""
    return _bundle(request, _read(service.settings.home / TRUST.file))


@router.get("/trust/bundle.cbor")
def get_bundle(request: Request, service: Running) -> Response:
    """The signed bundle alone, as `/trust.cbor`: it names the part of each body by its hash."""
    return _bundle(request, _pieces(service)[0])


@router.get("/trust/{part}.cbor")
def get_part(request: Request, part: str, service: Running) -> Response:
    """The acts of a body, as long as the present bundle names them by this SHA-256 (64 hex digits)."""
    found = _pieces(service)[1].get(part)
    if found is None:
        fix = "Get /trust/bundle.cbor again: it names the present parts."
        raise Refused("PART_UNKNOWN", "the present bundle names no such part", fix=fix)
    return _as_taken(request, found, _packed(found), cache=_FOR_EVER)


@router.get("/acts.cbor")
@router.get("/log/acts.cbor")
def get_acts(request: Request, service: Running) -> Response:
    """The signers' bundle, as the trust bundle: the acts about every party and its people."""
    return _bundle(request, _read(service.settings.home / ACTS.file))


def _bundle(request: Request, data: bytes) -> Response:
    return _as_taken(request, data, _packed_once(data), cache=_NOW)


def _as_taken(request: Request, data: bytes, named: tuple[str, bytes], *, cache: str) -> Response:
    """The bytes as the caller takes them: packed, plain, or not again."""
    mark, packed = named
    takes = _takes_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{mark}-gzip"' if takes else f'"{mark}"'
    headers = {"cache-control": cache, "etag": etag, "vary": "accept-encoding", **FOR_ANY_SITE}
    if etag in _tags(request):
        return Response(status_code=304, headers=headers)
    if takes:
        headers["content-encoding"] = "gzip"
    return Response(packed if takes else data, media_type="application/cbor", headers=headers)


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


@router.get("/api/changes")
def get_changes(request: Request, service: Running, since: str = "0") -> Response:
    """Which places of the status lists changed from size `since` of the log on; ask again from `size`.

    An answer goes at most to the next multiple of 4,096; who is told `size` equal to `since` knows all.
    """
    feed: ChangeFeed = request.app.state.changes
    found = feed.read(parse_decimal(since, where="since"))
    etag = f'"{found.since}-{found.size}"'
    headers = {"cache-control": _FOR_EVER if found.whole else _NOW, "etag": etag, **FOR_ANY_SITE}
    if etag in _tags(request):
        return Response(status_code=304, headers=headers)
    return JSONResponse(_told(service.origin, found), headers=headers)


def _told(origin: str, found: Changes) -> dict[str, object]:
    changes = [
        {
            "seq": one.seq,
            "time_ms": one.time_ms,
            "list": one.status_list,
            "index": one.status_index,
            "state": VALUE_WORDS[one.value],
        }
        for one in found.changes
    ]
    return {"origin": origin, "since": found.since, "size": found.size, "changes": changes}


def _file(path: Path, media_type: str, cache: str, missing: str = "") -> Response:
    return _answer(_read(path, missing), media_type, cache)


def _read(path: Path, missing: str = "") -> bytes:
    # Read whole: a file that is replaced while it is streamed would be torn.
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if missing:
            raise Refused(missing, "there is no such file") from None
        raise _not_published() from None


def _not_published() -> Unavailable:
    return Unavailable("NOT_PUBLISHED", "this is not published yet", fix="Try again.")


def _pieces(service: Running) -> tuple[bytes, dict[str, bytes]]:
    try:
        return _unpacked(_read(service.settings.home / TRUST.file))
    except Malformed:
        raise _not_published() from None  # the file is of an older version, or damaged: the next one is whole


@lru_cache(maxsize=2)
def _unpacked(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The signed bundle in a trust.cbor, and its parts by SHA-256 in hexadecimal."""
    signed, parts = unpack(data)
    return signed, {hashlib.sha256(part).hexdigest(): part for part in parts}


@lru_cache(maxsize=4)
def _packed_once(data: bytes) -> tuple[str, bytes]:
    """As `_packed`, for what everybody asks for until there is another."""
    return _packed(data)


def _packed(data: bytes) -> tuple[str, bytes]:
    """A name for these bytes, and the bytes packed."""
    return hashlib.sha256(data).hexdigest()[:32], gzip.compress(data, mtime=0)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding (RFC 9110, 12.5.3) names gzip, and not with a weight of nothing."""
    for one in accepted.lower().split(","):
        name, _, weight = one.replace(" ", "").partition(";")
        if name == "gzip":
            return weight.rstrip("0") not in ("q=", "q=0.")
    return False


def _tags(request: Request) -> set[str]:
    """The entity tags of If-None-Match, of which a weak one does (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "").split(",")
    return {tag.strip().removeprefix("W/") for tag in given}


def _answer(data: bytes, media_type: str, cache: str) -> Response:
    headers = {"cache-control": cache, **FOR_ANY_SITE}
    return Response(data, media_type=media_type, headers=headers)
