"""Bithumb's limits at the door: token buckets of its gateway, ten handshakes a second, one notice call a second.

apidocs.bithumb.com api-요청-수-제한-안내 (2026-10-27) and 연결-관리 (2026-06-30). Bodies of a 429 are not documented;
the gateway's default is an empty one. Who insists on new sockets is shut out for about ten minutes.
"""

from aiohttp import web

from simulator.counters import ServiceCount
from simulator.limits import Bucket, Penalty, Window
from simulator.world.world import World

PER_SECOND = 150
PRIVATE_PER_SECOND = 140
NOTICES_PER_SECOND = 1
HANDSHAKES_PER_SECOND = 10
FORGIVEN, WITHIN_MS, BAN_MS = 30, 60_000, 600_000


class BithumbLimits:
    """Counts for one simulated exchange, by category and caller."""

    def __init__(self, world: World, count: ServiceCount) -> None:
        self._world = world
        self._count = count
        self._buckets: dict[str, Bucket] = {
            "notices": Bucket(NOTICES_PER_SECOND, NOTICES_PER_SECOND),
            "private": Bucket(PRIVATE_PER_SECOND, PRIVATE_PER_SECOND),
        }
        self._handshakes = Window(HANDSHAKES_PER_SECOND, 1_000)
        self._penalty = Penalty(FORGIVEN, WITHIN_MS, BAN_MS)

    def request(self, caller: str, category: str) -> tuple[web.Response | None, dict[str, str]]:
        """The refusal, if any, and the headers of the answer."""
        bucket = self._buckets.setdefault(category, Bucket(PER_SECOND, PER_SECOND))
        left = bucket.take(caller, self._world.clock.now_ms())
        headers = {
            "x-ratelimit-remaining": str(left or 0),
            "x-ratelimit-burst-capacity": str(bucket.burst),
            "x-ratelimit-replenish-rate": str(int(bucket.per_s)),
            "x-ratelimit-requested-tokens": "1",
        }
        if left is not None:
            return None, headers
        self._count.limit_hits += 1
        return web.Response(status=429, headers=headers), headers

    def handshake(self, caller: str) -> web.Response | None:
        """The refusal of a new socket, if any."""
        now_ms = self._world.clock.now_ms()
        shut_out = self._penalty.banned_for_ms(caller, now_ms) > 0
        if not shut_out and self._handshakes.take(caller, now_ms) is not None:
            return None
        if not shut_out:
            self._penalty.reject(caller, now_ms)
        self._count.limit_hits += 1
        return web.Response(status=429)
