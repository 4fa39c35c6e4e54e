"""Door: what a service says of itself when it starts and stops: to a person, and as lines of the log.

No line names a value that could be a secret: of the settings those that differ from their defaults, the
database by its kind alone.
"""

from __future__ import annotations

import platform
import time
from importlib.metadata import version
from typing import Final

import structlog

from registry.serving.tls import Certified
from registry.settings import Settings

_UNSHOWN: Final = frozenset({"database", "database_owner"})
_BEGUN: Final = time.monotonic()

log = structlog.get_logger()


def say_started(settings: Settings, *, address: str, origin: str, processes: int) -> None:
    """The first line: versions and settings."""
    changed = {
        name: _plain(value)
        for name, value in settings.model_dump(exclude_defaults=True).items()
        if name not in _UNSHOWN
    }
    log.info(
        "started",
        version=version("malan"),
        python=platform.python_version(),
        database=settings.database_url.split(":")[0],
        origin=origin,
        address=address,
        processes=processes,
        settings=changed,
    )


def say_stopped() -> None:
    """The last line."""
    log.info("stopped", seconds=round(time.monotonic() - _BEGUN))


def say_certificate(certified: Certified, address: str) -> str:
    """What a person is told of the certificate, and what a phone will say of one nobody vouches for."""
    lines = [
        f"TLS certificate, SHA-256 fingerprint 证书指纹:\n  {certified.fingerprint}",
    ]
    if certified.made is not None:
        lines += [
            f"It is self-signed: a browser at {address} will say that the connection is not private.",
            "  Chrome, Android: Advanced, Proceed. Safari, iPhone: Show Details, visit this website.",
            "  Go on only where you can compare the fingerprint; the public gets a certificate of a",
            "  recognised authority (--tls-cert, --tls-key).",
            f"证书为自签名，手机打开 {address} 时会提示“连接不是私密连接”：",
            "  安卓 Chrome 点“高级”“继续前往”；苹果 Safari 点“显示详细信息”“访问此网站”。",
            "  请先核对指纹再继续；对公众提供服务须使用正规机构签发的证书。",
            f"For programs: {certified.made}",
        ]
    return "\n".join(lines)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value if isinstance(value, int | bool) else str(value)
