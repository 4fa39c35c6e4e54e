"""Door: pages, styles and scripts, as the files of the packages, each under its own strict content policy.

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
from registry import scanner_library
from registry.http.offline import PAGE, service_worker
from verify.words import document as words_document

router = APIRouter(include_in_schema=False)

PAGES: Final = {
    "/": "verify.html",
    "/v/{code}": "verify.html",
    "/sign-in": "sign-in.html",
    "/keys": "keys.html",
    "/desk": "desk.html",
    "/supervisor": "supervisor.html",
    "/holder": "holder.html",
    "/shared": "shared.html",
}
"""Which file answers which address; a new page is a row here and a row in the table of access."""

ROOMS: Final = ("ledger", "issuers", "verify")
WORDS: Final = "words.json"
SCANNER: Final = "scanner.json"
SERVICE_WORKER: Final = "service_worker.js"
_ROOT: Final = Path(__file__).parents[2]
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}

_PARTS: Final = (
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
)


def _policy(*more: str, types: str = "'none'") -> str:
    return "; ".join((*_PARTS, *more, f"trusted-types {types}"))


POLICY: Final = _policy()
SCANNING: Final = _policy("manifest-src 'self'", "worker-src 'self'", types="malan")
"""May be installed, and may start two workers: the policy `malan` lets no other address pass."""

_IN_A_WORKER: Final = "default-src 'none'; frame-ancestors 'none'; connect-src 'self'"
POLICIES: Final = {
    "verify.html": SCANNING,
    "desk.html": SCANNING,
    # WebAssembly is compiled here and nowhere else, and what it reads are dots.
    "scan_worker.js": f"{_IN_A_WORKER}; script-src 'self' 'wasm-unsafe-eval'",
    SERVICE_WORKER: _IN_A_WORKER,
}
"""By file; `POLICY` for all others. A worker's policy is that of its own script."""

UNLISTED: Final = frozenset({"holder.html", "shared.html"})
"""What no search engine should lead to: there, people look for a place to type their documents."""

_HEADERS: Final = {
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
    policy: str = POLICY


def asset(folder: str, name: str) -> Asset:
    """The file of that name in a folder for the browser. Raises Refused PAGE_UNKNOWN."""
    place = _listed(folder).get(name)
    if place is None:
        raise _unknown()
    found = place.stat()
    return _read(place, (found.st_mtime_ns, found.st_size))


@router.get("/assets/{name}")
def get_asset(name: str, request: Request) -> Response:
    """A style, script, drawing or the words of verdicts."""
    return _answer(_asset(name), request)


@router.get("/service-worker.js")
def get_service_worker(request: Request) -> Response:
    """What keeps the scanner's page for when the network is off; at the root, as it answers for `/v/`."""
    script = asset("registry/pages", SERVICE_WORKER)
    made = service_worker(script.data, _at)
    return _answer(_made(made, script.media_type, script.policy), request)


@router.get("/js/{room}/{name}")
def get_script(room: str, name: str, request: Request) -> Response:
    """A module of what a room knows, in JavaScript."""
    if room not in ROOMS:
        raise _unknown()
    return _answer(asset(f"{room}/js", name), request)


def _page(file: str) -> object:
    def get_page(request: Request) -> Response:
        answer = _answer(asset("registry/pages", file), request)
        if file in UNLISTED:
            answer.headers["x-robots-tag"] = "noindex, nofollow, noarchive"
        return answer

    return get_page


for _path, _file in PAGES.items():
    router.add_api_route(_path, _page(_file), methods=["GET"], name=_file)  # type: ignore[arg-type]


def _answer(found: Asset, request: Request) -> Response:
    headers = {**_HEADERS, "content-security-policy": found.policy, "etag": found.etag}
    if found.etag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)


@lru_cache(maxsize=8)
def _listed(folder: str) -> dict[str, Path]:
    """The files to serve, by name: what is not listed has no address, however a name is spelt."""
    return {path.name: path for path in sorted((_ROOT / folder).iterdir()) if path.suffix in _TYPES}


@lru_cache(maxsize=256)
def _read(place: Path, _mark: tuple[int, int]) -> Asset:
    data, pinned = place.read_bytes(), scanner_library.PINS.get(place.name)
    if pinned is not None and hashlib.sha256(data).hexdigest() != pinned:
        raise _unknown()  # somebody else's file under the library's name
    return _made(data, _TYPES[place.suffix], POLICIES.get(place.name, POLICY))


@lru_cache(maxsize=1)
def _words() -> Asset:
    data = json.dumps(words_document(), ensure_ascii=False, separators=(",", ":")).encode()
    return _made(data, _TYPES[".json"])


def _asset(name: str) -> Asset:
    """What lies at /assets/: files, and two that are made of what the program knows."""
    if name == WORDS:
        return _words()
    if name == SCANNER:
        whole = all(_at(f"/assets/{one}") is not None for one in scanner_library.PINS)
        told = {"library": scanner_library.VERSION if whole else None}
        return _made(json.dumps(told).encode(), _TYPES[".json"])
    return asset("registry/pages", name)


def _at(address: str) -> tuple[bytes, str] | None:
    """What this module gives out at an address."""
    try:
        if address == PAGE:
            found = asset("registry/pages", PAGES[PAGE])
        else:
            _, kind, *rest = address.split("/")
            found = _asset(rest[0]) if kind == "assets" else asset(f"{rest[0]}/js", rest[1])
    except Refused:
        return None
    return found.data, found.etag


def _made(data: bytes, media_type: str, policy: str = POLICY) -> Asset:
    return Asset(data, media_type, f'"{hashlib.sha256(data).hexdigest()[:32]}"', policy)


def _unknown() -> Refused:
    return Refused("PAGE_UNKNOWN", "there is no such file")
