"""Upbit's limits at the door: 10 requests a second for each group, 5 handshakes a second, and what follows excess.

docs.upbit.com/kr/reference/rate-limits, 2026-10-07. A request too many is answered 429 in plain text; a caller who
carries on is answered 418 for a time that doubles at each repetition. How much is forgiven is not published; here 20
rejections within 10 s. Whoever sends an `Origin` header may ask once in 10 s.
"""

from aiohttp import web

from simulator.counters import ServiceCount
from simulator.korea.wire import error
from simulator.limits import Penalty, Window
from simulator.world.world import World

TOO_MANY = "Too many API requests."
QUOTATION_GROUPS = ("market", "ticker", "orderbook", "crix-trades", "candles")
PER_MINUTE = {"default": 1800}  # the deprecated, constant `min` of Remaining-Req; 600 for the quotation groups
FORGIVEN, WITHIN_MS, BAN_MS = 20, 10_000, 10_000


class UpbitLimits:
    """Counts for one simulated exchange. Callers are addresses, or access keys where a token was shown."""

    def __init__(self, world: World, count: ServiceCount) -> None:
        self._world = world
        self._count = count
        self._groups = {group: Window(10, 1_000) for group in QUOTATION_GROUPS} | {"default": Window(30, 1_000)}
        self._handshakes = Window(5, 1_000)
        self._origins = Window(1, 10_000)
        self._penalty = Penalty(FORGIVEN, WITHIN_MS, BAN_MS)

    def request(self, caller: str, group: str, with_origin: bool) -> tuple[web.Response | None, str]:
        """The refusal, if any, and the value of `Remaining-Req`."""
        now_ms = self._world.clock.now_ms()
        if banned_ms := self._penalty.banned_for_ms(caller, now_ms):
            return self._banned(banned_ms), ""
        left = self._groups[group].take(caller, now_ms)
        if left is not None and with_origin and self._origins.take(caller, now_ms) is None:
            left = None
        if left is not None:
            return None, self._remaining(group, left)
        self._count.limit_hits += 1
        if banned_ms := self._penalty.reject(caller, now_ms):
            return self._banned(banned_ms), ""
        headers = {"Remaining-Req": self._remaining(group, 0)}
        return web.Response(status=429, text=TOO_MANY, headers=headers), ""

    def handshake(self, caller: str, with_origin: bool) -> web.Response | None:
        """The refusal of a new socket, if any."""
        now_ms = self._world.clock.now_ms()
        allowed = self._handshakes.take(caller, now_ms) is not None
        if allowed and (not with_origin or self._origins.take(caller, now_ms) is not None):
            return None
        self._count.limit_hits += 1
        return web.Response(status=429, text=TOO_MANY)

    def _remaining(self, group: str, left: int) -> str:
        return f"group={group}; min={PER_MINUTE.get(group, 600)}; sec={left}"

    def _banned(self, banned_ms: int) -> web.Response:
        """The exact text is not known; clients go by the status."""
        self._count.limit_hits += 1
        seconds = -(-banned_ms // 1000)
        text = error(418, f"Too many API requests. Your access is blocked for {seconds} seconds.")
        return web.Response(status=418, text=text, content_type="application/json")
