"""Door: pages, styles and scripts, as the files of the packages, under a strict content policy.

Promises: a page is the same bytes for everybody: static, no redirect, no sign-in, whatever the code in its
address; only files that lie in the rooms' folders for the browser are served, by their names. What a page may
load or call is this origin alone, and it runs no script but its files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from ledger.errors import Refused
from verify.words import document as words_document

router = APIRouter(include_in_schema=False)

PAGES: Final = {
    "/": "verify.html",
    "/v/{code}": "verify.html",
    "/sign-in": "sign-in.html",
    "/keys": "keys.html",
    "/desk": "desk.html",
    "/supervisor": "supervisor.html",
}
"""Which file answers which address; a new page is a row here and a row in the table of access."""

ROOMS: Final = ("ledger", "issuers", "verify")
WORDS: Final = "words.json"
_ROOT: Final = Path(__file__).parents[2]
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Asked anew each time and answered 304: a page and its scripts must be of one version.
    "cache-control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    data: bytes
    media_type: str
    etag: str


def asset(folder: str, name: str) -> Asset:
    """The file of that name in a folder for the browser. Raises Refused PAGE_UNKNOWN."""
    place = _listed(folder).get(name)
    if place is None:
        raise Refused("PAGE_UNKNOWN", "there is no such file")
    found = place.stat()
    return _read(place, (found.st_mtime_ns, found.st_size))


@router.get("/assets/{name}")
def get_asset(name: str, request: Request) -> Response:
    """A style, script, drawing or the words of verdicts."""
    return _answer(_words() if name == WORDS else asset("registry/pages", name), request)


@router.get("/js/{room}/{name}")
def get_script(room: str, name: str, request: Request) -> Response:
    """A module of what a room knows, in JavaScript."""
    if room not in ROOMS:
        raise Refused("PAGE_UNKNOWN", "there is no such file")
    return _answer(asset(f"{room}/js", name), request)


def _page(file: str) -> object:
    def get_page(request: Request) -> Response:
        return _answer(asset("registry/pages", file), request)

    return get_page


for _path, _file in PAGES.items():
    router.add_api_route(_path, _page(_file), methods=["GET"], name=_file)  # type: ignore[arg-type]


def _answer(found: Asset, request: Request) -> Response:
    headers = {**_HEADERS, "etag": found.etag}
    if found.etag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)


@lru_cache(maxsize=8)
def _listed(folder: str) -> dict[str, Path]:
    """The files to serve, by name: what is not listed has no address, however a name is spelt."""
    return {path.name: path for path in sorted((_ROOT / folder).iterdir()) if path.suffix in _TYPES}


@lru_cache(maxsize=256)
def _read(place: Path, _mark: tuple[int, int]) -> Asset:
    return _made(place.read_bytes(), _TYPES[place.suffix])


@lru_cache(maxsize=1)
def _words() -> Asset:
    data = json.dumps(words_document(), ensure_ascii=False, separators=(",", ":")).encode()
    return _made(data, _TYPES[".json"])


def _made(data: bytes, media_type: str) -> Asset:
    return Asset(data, media_type, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
