"""Door: `malan serve` and `malan publish`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Annotated, Any

import typer

from issuers.files import read_file
from ledger.errors import Malformed, Unavailable
from ledger.note import MAX_NOTE_BYTES
from registry import logs
from registry.commands.reporting import HomeOption, JsonOption, Out, reporting, settings_for
from registry.commands.showing import DEMO_HOME, build_quietly
from registry.demo.serving import mismatch, signing_in
from registry.metrics.gathered import DIRECTORY_VARIABLE, forget_process
from registry.published.new_lock import begin_lock_store
from registry.published.publishing import Publisher
from registry.service import open_service
from registry.serving import tls
from registry.serving.listening import listen, own_addresses, reached_as
from registry.serving.processes import Processes, environment
from registry.serving.server import Tls, serve_until_stopped
from registry.serving.told import say_certificate, say_started, say_stopped
from registry.serving.worker import Task
from registry.settings import Settings
from registry.settings_check import strays

PROCESSES_MAX = 64


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the service is reached, and with what certificate."""

    listener: socket
    address: str
    certified: tls.Certified | None

    @property
    def files(self) -> Tls | None:
        return None if self.certified is None else Tls(self.certified.certificate, self.certified.key)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Build the demo world first if it is absent.")] = False,
    with_tls: Annotated[
        bool, typer.Option("--tls", help="Serve over TLS; without files a certificate is made and kept.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key, PEM, mode 600.")] = None,
    processes: Annotated[
        int, typer.Option(help="Service processes on one database.", min=1, max=PROCESSES_MAX)
    ] = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the service and its publisher until it is stopped."""
    with reporting("serve", as_json=as_json) as out:
        if (tls_cert is None) != (tls_key is None):
            raise Malformed(
                "TLS_FILES", "a certificate and its key go together", where="--tls-cert, --tls-key"
            )
        files = (tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
        home = (home or DEMO_HOME) if demo else home
        listener = listen(host, port)
        address = reached_as(listener, scheme="https" if with_tls or files else "http")
        if demo and home is not None and not (home / "malan.db").exists():
            build_quietly(home, trainees=30, public_url=address, say=out.say)
        settings = settings_for(home)
        for stray in strays(settings.home):
            out.say(
                f"{stray} is no setting of this program and is not read; `malan settings` lists them all."
            )
        certified = _certified(settings, host, files) if with_tls or files else None
        place = _Place(listener, address, certified)
        if processes == 1:
            _serve_here(settings, place, _telling(out, settings, place, demo=demo))
        else:
            _serve_in(processes, settings, place, _telling(out, settings, place, demo=demo))
        say_stopped()


def _telling(out: Out, settings: Settings, place: _Place, *, demo: bool) -> Callable[[str, int], None]:
    """Says, once it serves, where, and what to do next."""

    def tell(origin: str, processes: int) -> None:
        document: dict[str, Any] = {"origin": origin, "address": place.address, "processes": processes}
        if place.certified is not None:
            document["certificate_sha256"] = place.certified.fingerprint
            out.say(say_certificate(place.certified, place.address))
        if demo:
            out.say(signing_in(settings.home, place.address, certificate=place.certified))
            if warning := mismatch(settings, place.address):
                out.say(warning)
        out.result(f"{origin} at {place.address}", document)
        say_started(settings, address=place.address, origin=origin, processes=processes)

    return tell


def _certified(settings: Settings, host: str, files: tuple[Path, Path] | None) -> tls.Certified:
    if files is not None:
        return tls.given(*files)
    here = {"localhost", "127.0.0.1", "::1", *own_addresses()}
    if host not in ("0.0.0.0", "::"):  # noqa: S104  # compared, not listened on
        here.add(host)
    told = {origin.split("://")[1].rsplit(":", 1)[0] for origin in settings.accepted_hosts}
    return tls.kept_in(settings.home, here | told)


def _serve_here(settings: Settings, place: _Place, tell: Callable[[str, int], None]) -> None:
    service = open_service(settings)
    logs.configure(settings.log_level)
    serve_until_stopped(
        service, place.listener, address=place.address, tls=place.files, ready=lambda: tell(service.origin, 1)
    )


def _serve_in(count: int, settings: Settings, place: _Place, tell: Callable[[str, int], None]) -> None:
    """The database is looked at once here, so that what is wrong is said once and not by every process."""
    service = open_service(settings)
    service.close()
    logs.configure(settings.log_level)
    home, listener, files = str(settings.home.absolute()), place.listener.fileno(), place.files
    place.listener.set_inheritable(True)
    counts = tempfile.mkdtemp(prefix="malan-metrics-")

    def command(number: int, line: int) -> list[str]:
        certificate = None if files is None else str(files.certificate.absolute())
        key = None if files is None else str(files.key.absolute())
        task = Task(home, number, listener, line, place.address, certificate, key)
        return [sys.executable, "-m", "registry.serving.worker", *task.arguments()]

    try:
        Processes(
            command,
            count,
            inherited=[listener],
            environment=environment(**{DIRECTORY_VARIABLE: counts}),
            stop_seconds=settings.stop_seconds,
            on_ready=lambda: tell(service.origin, count),
            on_stop=place.listener.close,  # else the system goes on accepting for us
            on_death=lambda pid: forget_process(pid, counts),
        ).run()
    finally:
        shutil.rmtree(counts, ignore_errors=True)


def publish(
    new_lock_store: Annotated[
        bool, typer.Option("--new-lock-store", help="First begin a lock store anew: the old one is lost.")
    ] = False,
    known: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint that a district holds, which the new lock store must not be behind."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish log, lists and bundle once."""
    with reporting("publish", as_json=as_json) as out:
        notes = [read_file(path, bytes_max=MAX_NOTE_BYTES) for path in known or ()]
        service = open_service(settings_for(home))
        try:
            if new_lock_store:
                size = begin_lock_store(service, notes)
                out.say(f"The lock store begins with {size or 'no'} entries signed.")
            checkpoint = Publisher(service, witnessed=lambda: notes).run_once()
        finally:
            service.close()
        if checkpoint is None:
            raise Unavailable("PUBLISHER_BUSY", "another process is publishing", fix="Nothing need be done.")
        document = {"size": checkpoint.size, "root": checkpoint.root.hex()}
        out.result(f"size {checkpoint.size}, root {checkpoint.root.hex()}", document)
