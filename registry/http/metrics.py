"""GET /metrics, for those alone whom the settings name, and never for what a proxy passed on.

The same listener as everything else: where several processes share it, any of them answers for all. A request
that came through a proxy names its origin in a header, so a proxy on this very machine opens nothing to
strangers. Whoever may not see it is told there is nothing here.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from registry.http.deps import Running
from registry.metrics.gathered import MEDIA_TYPE, gathered

router = APIRouter(tags=["health"])

PASSED_ON: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "via",
)


@router.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
def get_metrics(request: Request, service: Running) -> Response:
    """Counts and state in the text format of Prometheus."""
    if not _may_see(request, service.settings.metrics_from):
        raise HTTPException(404)
    return Response(gathered(service), media_type=MEDIA_TYPE)


def _may_see(request: Request, networks: tuple[str, ...]) -> bool:
    if request.client is None or any(name in request.headers for name in PASSED_ON):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ipaddress.ip_network(one) for one in networks)
