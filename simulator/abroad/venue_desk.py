"""What the simpler venues share behind their own words: who is asked too often, who asked for nothing, and the books.

A service brings its limits, its errors and its rows; a handler here counts, answers or refuses.
"""

import math
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from simulator.abroad.venue_wire import caller
from simulator.counters import ServiceCount
from simulator.world.prices import MINUTE_MS, Noise, mixed, text_seed
from simulator.world.values import SimBook, SimPerp, SimQuote
from simulator.world.world import World

Answer = Callable[[web.Request], object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is answered with an error: a status and a body in the venue's own words."""

    def __init__(self, body: object, status: int = 200) -> None:
        super().__init__(str(body))
        self.body = body
        self.status = status


class Pool:
    """So much weight in each span of `span_ms` by the clock, counted apart for each key."""

    def __init__(self, limit: int, span_ms: int) -> None:
        self.limit = limit
        self.span_ms = span_ms
        self._span = -1
        self._used: dict[object, int] = {}

    def take(self, key: object, weight: int, now_ms: int) -> int | None:
        """What is left, None when it did not fit."""
        if now_ms // self.span_ms != self._span:
            self._span = now_ms // self.span_ms
            self._used.clear()
        used = self._used.get(key, 0) + weight
        if used > self.limit:
            return None
        self._used[key] = used
        return self.limit - used

    def left_ms(self, now_ms: int) -> int:
        """Until the next span."""
        return self.span_ms - now_ms % self.span_ms


class Desk:
    """One host of one venue. `too_many` is its answer (status, body) to who asks too often.

    `told` makes the headers that tell what is left of a limit.
    """

    def __init__(
        self,
        world: World,
        count: ServiceCount,
        too_many: tuple[int, object],
        told: Callable[[Pool, int, int], Mapping[str, str]] = lambda _, __, ___: {},
    ) -> None:
        self._world = world
        self._count = count
        self._too_many = too_many
        self._told = told

    def serve(self, answer: Answer, pool: Pool, weight: int = 1) -> Handler:
        """A handler for `answer`, which gives a JSON value or raises Refused, limited by `pool` for each address."""

        async def handler(request: web.Request) -> web.StreamResponse:
            now_ms = self._world.clock.now_ms()
            left = pool.take(caller(request), weight, now_ms)
            headers = self._told(pool, left or 0, pool.left_ms(now_ms))
            try:
                if left is None:
                    self._count.limit_hits += 1
                    status, body = self._too_many
                    return web.json_response(body, status=status, headers=headers)
                return web.json_response(answer(request), headers=headers)
            except Refused as e:
                return web.json_response(e.body, status=e.status, headers=headers)

        return handler


class Stall:
    """One venue's markets as its rows need them."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.venue = world.venue(name)

    def spots(self) -> list[SimQuote]:
        return [quote for base in self.venue.bases() if (quote := self.venue.spot(base)) is not None]

    def perps(self) -> list[SimPerp]:
        return [perp for base in self.venue.bases() if (perp := self.venue.perp(base)) is not None]

    def book(self, market: SimQuote | SimPerp, depth: int) -> SimBook:
        book = self.venue.book(market.base, perp=isinstance(market, SimPerp), depth=depth)
        assert book is not None
        return book

    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    def contract_size(self, base: str) -> float:
        """Coins in one contract: a power of ten that was worth 1 to 100 USDT or so when it was listed."""
        coin = self.world.coin(base)
        return 1.0 if coin is None else float(f"1e{math.floor(math.log10(100 / coin.price))}")


class Dollars:
    """What a USDT costs in USD: the same wherever it is asked, within 0.05 % of one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._noise = Noise(mixed(world.seed, text_seed("USDT-USD")), ((5 * MINUTE_MS, 0.5), (180 * MINUTE_MS, 0.5)))

    def usdt_usd(self) -> float:
        return 1.0 + 0.0005 * self._noise(self._world.clock.now_ms() - self._world.start_ms)
