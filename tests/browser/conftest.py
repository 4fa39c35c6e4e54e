"""A real Chromium before a real service: the demo world built once, served by `malan serve` on a free port.

Each context watches its own page: requests to another origin, what the content policy refused and errors of
scripts are complaints, and a test that leaves one fails. Pictures are kept where MALAN_SHOTS names a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    sync_playwright,
)

from tests.browser.site import Site, running

Visit = Callable[..., tuple[Page, "Watch"]]
Script = Callable[..., Any]

PHONE, DESKTOP = (360, 740), (1280, 800)
SIZES = {"phone": PHONE, "desktop": DESKTOP}
REFLOW = {**SIZES, "narrow": (320, 640)}  # WCAG 1.4.10: a desktop at 400 %
LANGUAGES = ("zh-CN", "en")
TRAINEES = 6
START_SECONDS = 60.0
INSECURE = "plain.example"  # this machine under a name that is not local: no secure context over http
# What a browser prints for an answer that is no 2xx, or for no network, which the page says in its own words;
# and for a header that says nothing over plain http.
_EXPECTED = (
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
    "Failed to load resource: net::ERR_FAILED",
    "Failed to load resource: the server responded with a status of",
    "The Cross-Origin-Opener-Policy header has been ignored",
)


@pytest.fixture(scope="package")
def playwright_of() -> Iterator[Playwright]:
    """The driver of browsers; ended before tests elsewhere, because it keeps an event loop."""
    with sync_playwright() as playwright:
        yield playwright


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright, path: str) -> Browser:
    """Without a window; what stands for a camera is Chromium's own."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=path,
        args=[
            *sandbox,
            "--disable-dev-shm-usage",
            f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
            "--use-fake-device-for-media-stream",
        ],
        headless=True,
    )


@pytest.fixture(scope="package")
def chromium(playwright_of: Playwright) -> Iterator[Browser]:
    """One browser for the folder."""
    path = chromium_path()
    if path is None:
        if os.environ.get("MALAN_CI"):
            pytest.fail("there is no chromium on this machine: .ci/run installs it")
        pytest.skip("there is no chromium on this machine")
    browser = launch(playwright_of, path)
    yield browser
    browser.close()


@dataclass(frozen=True)
class DemoWorld:
    """A demo home and the service that serves it. `told` is the document of `malan demo --json`."""

    home: Path
    address: str
    told: dict[str, Any]
    output: Path

    def qr_texts(self) -> dict[str, str]:
        """Number to QR text of every certificate."""
        folders = {one["number"]: Path(one["folder"]) for one in self.told["certificates"]}
        return {number: (folder / "qr.txt").read_text().strip() for number, folder in folders.items()}

    def said(self) -> str:
        """Everything the service printed so far."""
        return self.output.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWorld]:
    """The demo world on a free loopback port, by the programs a user runs."""
    folder = tmp_path_factory.mktemp("browser")
    home, port = folder / "demo", free_port()
    address = f"http://127.0.0.1:{port}"
    built = subprocess.run(
        [*MALAN, "demo", "--home", home, "--trainees", str(TRAINEES), "--public-url", address, "--json"],
        check=True,
        capture_output=True,
    )
    output = folder / "served.txt"
    with serving(home, port, output):
        yield DemoWorld(home, address, json.loads(built.stdout), output)


MALAN = (sys.executable, "-m", "registry")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(home: Path, port: int, output: Path) -> Iterator[None]:
    """`malan serve` for as long as the block lasts; what it prints goes to `output`."""
    with output.open("wb") as out:
        command = [*MALAN, "serve", "--home", home, "--port", str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None and time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="package")
def site_for_all() -> Iterator[Site]:
    with running(Site()) as site:
        yield site


@pytest.fixture
def site(site_for_all: Site) -> Site:
    """Our pages and scripts beside nothing: a test lays out what the service would say."""
    site_for_all.clear()
    return site_for_all


@pytest.fixture
def script(site: Site, visit: Visit) -> Script:
    """`script("/js/ledger/cbor.js", "(cbor, data) => …", data)` runs in a page with the module at hand."""
    page, _ = visit(site.address)
    page.goto(site.address + "/v/0")

    def run(module: str, body: str, value: Any = None) -> Any:
        return page.evaluate(
            f"async ([module, value]) => await ({body})(await import(module), value)", [module, value]
        )

    return run


@dataclass
class Watch:
    """What a context asked for, and what went wrong in it. `asked` holds method and whole address."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def on(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def foreign(self, address: str) -> list[str]:
        """Requests that went anywhere but to the service."""
        own = (f"{address}/", "data:", "blob:")
        return [url for _, url in self.asked if not url.startswith(own)]

    def _request(self, request: Request) -> None:
        self.asked.append((request.method, request.url))
        self.sent.append(request.post_data or "")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            known = message.text.startswith(_EXPECTED)
            (self.expected if known else self.errors).append(message.text)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """`visit(address, size="phone", language="en")`: a page in a context of its own, and its watch.

    Without `service_workers="allow"` nothing is kept for the time without a network.
    """
    open_contexts: list[tuple[BrowserContext, Watch, str]] = []

    def make(
        address: str, *, size: str = "phone", language: str = "zh-CN", **options: Any
    ) -> tuple[Page, Watch]:
        width, height = SIZES[size]
        options.setdefault("service_workers", "block")
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2 if size == "phone" else 1,
            **options,
        )
        context.set_default_timeout(15_000)
        kept = json.dumps(language)
        context.add_init_script(f"try {{ localStorage['malan.language'] ??= {kept}; }} catch {{}}")
        watch = Watch()
        watch.on(context)
        open_contexts.append((context, watch, address))
        return context.new_page(), watch

    yield make
    complaints = []
    for context, watch, address in open_contexts:
        context.close()
        complaints += [*watch.errors, *watch.foreign(address)]
    assert complaints == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """`shot(page, "verify-valid-phone-zh")`: the whole page as a picture, where MALAN_SHOTS says."""
    folder = os.environ.get("MALAN_SHOTS")

    def keep(page: Page, name: str) -> None:
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep


def fits(page: Page) -> bool:
    """Whether nothing stands out to the side: no page of ours scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def axe_complaints(page: Page) -> list[str]:
    """What axe-core has against the page, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def start(site: Site, visit: Visit, path: str = "/", before: str = "") -> Page:
    """A page of the laid-out site on a phone; `before` is a script that runs first."""
    page, _ = visit(site.address)
    if before:
        page.add_init_script(before)
    page.goto(site.address + path)
    return page
