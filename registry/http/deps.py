"""What handlers are given: the running service; and what they say of public answers. Pure.

Dependencies are coroutines: FastAPI would give every plain function a thread of its own for each request.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request

from registry.service import Service


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


FOR_ANY_SITE: Final = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
"""Headers of what is public: scripts of other sites may read it."""

Running = Annotated[Service, Depends(_service)]
