"""Binance's front desk: weights by the minute and address, 429, then 418; errors in its own words.

Contract: rest-api.md "Limits" and errors.md (2026-07). Each answer says how much weight its address has used in this
minute. Who goes on after a 429 is banned, for 2 minutes at first; how many more requests that takes is not published,
here six within a minute.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.abroad.venue_wire import caller
from simulator.counters import ServiceCount
from simulator.limits import Penalty
from simulator.world.prices import MINUTE_MS
from simulator.world.world import World

FORGIVEN, BAN_MS = 5, 120_000
USED = "X-MBX-USED-WEIGHT-1M"
STREAMS = "Please use WebSocket Streams for live updates"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is answered with an error: an HTTP status and Binance's own code."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Desk:
    """One host with `limit` weight a minute and address."""

    def __init__(self, world: World, count: ServiceCount, limit: int) -> None:
        self.limit = limit
        self._world = world
        self._count = count
        self._penalty = Penalty(FORGIVEN, MINUTE_MS, BAN_MS)
        self._minute = 0
        self._used: dict[str, int] = {}

    def serve(self, weight: int | Callable[[web.Request], int], answer: Callable[[web.Request], object]) -> Handler:
        """A handler for `answer`, which gives a JSON value or raises Refused."""

        async def handler(request: web.Request) -> web.StreamResponse:
            refusal, headers = self._take(caller(request), weight if isinstance(weight, int) else weight(request))
            if refusal is not None:
                return refusal
            try:
                return web.json_response(answer(request), headers=headers)
            except Refused as e:
                return web.json_response({"code": e.code, "msg": e.message}, status=e.status, headers=headers)

        return handler

    def _take(self, address: str, weight: int) -> tuple[web.Response | None, dict[str, str]]:
        now_ms = self._world.clock.now_ms()
        if banned_ms := self._penalty.banned_for_ms(address, now_ms):
            return self._banned(now_ms, banned_ms), {}
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            self._used.clear()
        used = self._used[address] = self._used.get(address, 0) + weight
        headers = {"X-MBX-USED-WEIGHT": str(used), USED: str(used)}
        if used <= self.limit:
            return None, headers
        if banned_ms := self._penalty.reject(address, now_ms):
            return self._banned(now_ms, banned_ms), {}
        self._count.limit_hits += 1
        message = (
            f"Too much request weight used; current limit is {self.limit} request weight per 1 MINUTE. "
            f"{STREAMS} to avoid polling the API."
        )
        headers["Retry-After"] = str(_seconds(MINUTE_MS - now_ms % MINUTE_MS))
        return web.json_response({"code": -1003, "msg": message}, status=429, headers=headers), {}

    def _banned(self, now_ms: int, banned_ms: int) -> web.Response:
        self._count.limit_hits += 1
        until_ms = now_ms + banned_ms
        message = f"Way too much request weight used; IP banned until {until_ms}. {STREAMS} to avoid bans."
        headers = {"Retry-After": str(_seconds(banned_ms))}
        return web.json_response({"code": -1003, "msg": message}, status=418, headers=headers)


def _seconds(millis: int) -> int:
    return max(1, -(-millis // 1000))
