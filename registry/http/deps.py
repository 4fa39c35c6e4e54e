"""What handlers are given: the running service. Pure."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from registry.service import Service


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Running = Annotated[Service, Depends(_service)]
