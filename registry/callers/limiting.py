"""Door: how often a caller may ask: fixed windows, counted in the database or in this process.

Promises: a limit that keeps secrets (codes, sign-in) is counted in the database, for all processes together,
and when it cannot be counted nobody passes; a limit that only keeps the service quick is counted in memory
and never stands in the way of a fault. A caller who is over the limit costs a read, no write. Callers are
HMACs of their addresses: the database cannot say who asked.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from ledger.errors import Refused
from registry.callers.limit_counts import CountsInDatabase, forget_old
from registry.service import Service

EVERYBODY: Final = "everybody"


class TooMany(Refused):
    """Over a limit; `seconds` until it is worth asking again."""

    def __init__(self, seconds: int, limit: Limit) -> None:
        fix = f"{limit.instead} Ask again in {seconds} seconds.".lstrip()
        super().__init__(limit.code, limit.what, fix=fix)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """`windows` as in "60/minute;1000/day", all of which bind; `shared` counts in the database.

    `code`, `what` and `instead` (what to do meanwhile) are told to whoever is over it.
    """

    name: str
    windows: str
    shared: bool = False
    code: str = "TOO_MANY"
    what: str = "too many requests"
    instead: str = ""

    def items(self, factor: int) -> list[RateLimitItem]:
        """The windows, each `factor` times as wide."""
        return [type(one)(one.amount * factor, one.multiples, self.name) for one in parse_many(self.windows)]


LOOK_UP: Final = Limit("look-up", "60/minute;2000/day", shared=True)
# Whoever tries codes misses; whoever reads one off a paper does not. The last is the breaker for all callers
# together: past it, codes are not looked up for the rest of the hour, and QR codes verify as before.
MISS: Final = Limit("miss", "10/minute;100/day", shared=True)
MISS_OF_ALL: Final = Limit("miss-of-all", "3000/hour", shared=True)
SIGN_IN: Final = Limit("sign-in", "120/minute;2000/day", shared=True)
UNMASK: Final = Limit("unmask", "30/hour;100/day", shared=True)
# Whoever shows code and document at the holder's page. A wrong document is counted by certificate too, so
# that many callers cannot share the numbers of one person between them; who locks it locks this page only.
HOLDER: Final = Limit("holder", "20/minute;200/day", shared=True)
HOLDER_MISS: Final = Limit("holder-miss", "10/hour;20/day", shared=True)
HOLDER_CERTIFICATE: Final = Limit("holder-certificate", "5/day;20/month", shared=True)
# Less than the last, so that nobody alone, from one network, locks a holder out.
HOLDER_PAIR: Final = Limit("holder-pair", "3/day;6/month", shared=True)
HOLDER_MISS_OF_ALL: Final = Limit("holder-miss-of-all", "300/hour", shared=True)
SHARED_LINK: Final = Limit("shared-link", "60/minute;2000/day", shared=True)
PAPER: Final = Limit("paper", "30/minute")  # each is some tenths of a second of drawing
READS: Final = Limit("reads", "60/minute")  # each is a record for every certificate of the holder
NONCE: Final = Limit("nonce", "240/minute")
VERIFY: Final = Limit("verify", "6000/minute")
PREPARE: Final = Limit("prepare", "600/minute")
SCAN: Final = Limit("scan", "60/minute")
CHANGES: Final = Limit("changes", "600/minute")
COSIGN: Final = Limit("cosign", "240/minute")  # sixteen districts behind one address, each every few seconds


def count(service: Service, limit: Limit, caller: str, *, times: int = 1) -> None:
    """Counts requests of a caller. Raises TooMany; Unavailable when a shared limit cannot be counted.

    Only a limit in memory counts several `times` at once.
    """
    if not limit.shared:
        name, now_ms = _name(service, limit, caller), service.clock.now_ms()
        _hit(service.counts, limit, _items(service, limit), name, now_ms, times=times)
        return
    assert times == 1, "what keeps a secret is counted one by one"
    need_room(service, limit, caller)
    with service.database.transaction() as connection:
        count_in(connection, service, limit, caller)


def need_room(service: Service, limit: Limit, caller: str) -> None:
    """Raises TooMany when a shared limit is reached, without counting."""
    with service.database.reading() as connection:
        need_room_in(connection, service, limit, caller)


def need_room_in(connection: sa.Connection, service: Service, limit: Limit, caller: str) -> None:
    """As `need_room`, in the caller's transaction."""
    name, now_ms = _name(service, limit, caller), service.clock.now_ms()
    storage = CountsInDatabase(connection, now_ms)
    for item in _items(service, limit):
        if not FixedWindowRateLimiter(storage).test(item, name):
            raise _too_many(storage, item, name, now_ms, limit)


def count_in(connection: sa.Connection, service: Service, limit: Limit, caller: str) -> None:
    """As `count`, in the caller's transaction."""
    now_ms = service.clock.now_ms()
    forget_old(connection, now_ms)
    name = _name(service, limit, caller)
    _hit(CountsInDatabase(connection, now_ms), limit, _items(service, limit), name, now_ms)


def note_in(
    connection: sa.Connection, service: Service, limit: Limit, caller: str, *, times: int = 1
) -> None:
    """As `count_in`, for what happened whether there was room or not: a full window refuses nothing here."""
    now_ms = service.clock.now_ms()
    forget_old(connection, now_ms)
    storage, name = CountsInDatabase(connection, now_ms), _name(service, limit, caller)
    for item in _items(service, limit):
        storage.incr(item.key_for(name), item.get_expiry(), times)


def is_full_in(connection: sa.Connection, service: Service, limit: Limit, caller: str) -> bool:
    """Whether a shared limit is reached, in the caller's transaction."""
    try:
        need_room_in(connection, service, limit, caller)
    except TooMany:
        return True
    return False


def counted_in(connection: sa.Connection, service: Service, limit: Limit, caller: str) -> dict[str, int]:
    """What a shared limit has counted, by window: `{"day": 3, "month": 7}`."""
    storage, name = CountsInDatabase(connection, service.clock.now_ms()), _name(service, limit, caller)
    return {item.GRANULARITY.name: storage.get(item.key_for(name)) for item in _items(service, limit)}


def forget_in(connection: sa.Connection, service: Service, limit: Limit, caller: str) -> None:
    """Ends what a shared limit has counted, in all its windows."""
    storage, name = CountsInDatabase(connection, service.clock.now_ms()), _name(service, limit, caller)
    for item in _items(service, limit):
        storage.clear(item.key_for(name))


def caller_named(address: str | None) -> str:
    """What stands for a network address: of IPv6 the network a household has."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _hit(
    storage: Storage, limit: Limit, items: list[RateLimitItem], name: str, now_ms: int, *, times: int = 1
) -> None:
    for item in items:
        if not FixedWindowRateLimiter(storage).hit(item, name, cost=times):
            raise _too_many(storage, item, name, now_ms, limit)


def _items(service: Service, limit: Limit) -> list[RateLimitItem]:
    return limit.items(service.settings.limit_factor)


def _name(service: Service, limit: Limit, caller: str) -> str:
    return service.people.index("limit", limit.name, caller)[:16].hex() if limit.shared else caller


def _too_many(storage: Storage, item: RateLimitItem, name: str, now_ms: int, limit: Limit) -> TooMany:
    until = storage.get_expiry(item.key_for(name))
    return TooMany(max(1, round(until - now_ms / 1000)), limit)
