"""Door: `malan serve` and `malan publish`."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Annotated

import typer
import uvicorn

from ledger.errors import Unavailable
from registry import logs
from registry.commands.reporting import HomeOption, JsonOption, reporting, settings_for
from registry.commands.showing import DEMO_HOME, build_quietly
from registry.http.app import create_app
from registry.publishing import Publisher, check_not_ahead
from registry.service import open_service

SIGNING_IN = (
    "The demo's people sign with their own keys: passphrase in {home}/keys/PASSPHRASE.txt,\n"
    "key files below {home}/keys, a desk for malan-sign each below {home}/desks."
)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Build the demo world first if it is absent.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the service and its publisher until it is stopped."""
    with reporting("serve", as_json=as_json) as out:
        if demo:
            home = home or DEMO_HOME
            if not (home / "malan.db").exists():
                build_quietly(home, trainees=30, public_url=f"http://{host}:{port}", say=out.say)
            out.say(SIGNING_IN.format(home=home))
        service = open_service(settings_for(home))
        listener = listen(host, port)
        logs.configure()
        try:
            check_not_ahead(service)
        except Unavailable as error:
            service.alarms.read_only = error  # reading and verifying go on (design 21)
            out.say(str(error))
        address = f"http://{host}:{listener.getsockname()[1]}"
        service.addresses.extend(local_names(listener))
        out.result(f"{service.origin} at {address}", {"origin": service.origin, "address": address})
        app = create_app(service, publish=True)
        try:
            # No access log: its lines carry addresses and paths; the shield writes its own.
            proxies = list(service.settings.trusted_proxies)
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(proxies),
                forwarded_allow_ips=proxies,
            )
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            service.close()


def listen(host: str, port: int) -> socket.socket:
    """Bound here, so that an address in use is an error of ours and not a log line of the server's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "not an address of this machine"
        raise Unavailable(
            "ADDRESS_UNUSABLE",
            f"nothing can listen there: {reason}",
            where=f"{host} {port}",
            fix="Take another.",
        ) from error


def local_names(listener: socket.socket) -> list[str]:
    """The addresses by which a browser on this very machine may sign in without TLS."""
    host, port = listener.getsockname()[:2]
    local = ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    return [f"http://127.0.0.1:{port}", f"http://localhost:{port}"] if local else []


def publish(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Publish log, lists and bundle once."""
    with reporting("publish", as_json=as_json) as out:
        service = open_service(settings_for(home))
        try:
            checkpoint = Publisher(service).run_once()
        finally:
            service.close()
        if checkpoint is None:
            raise Unavailable("PUBLISHER_BUSY", "another process is publishing", fix="Nothing need be done.")
        document = {"size": checkpoint.size, "root": checkpoint.root.hex()}
        out.result(f"size {checkpoint.size}, root {checkpoint.root.hex()}", document)
