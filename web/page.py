"""The page: its files, its login, and the JSON behind it, over the database and the readings of the moment.

Times are UTC epoch milliseconds; what is unknown is null. The answers serve this page and may change with it:

    GET /api/now                          status, feeds, channels, the newest listings and alerts, gaps, rates
    GET /api/events                       the same, pushed: server-sent events named `now`
    GET /api/listings?last=50             the newest listings with their last verdict, newest first
    GET /api/listings/7                   one listing: timeline, verdicts, facts of the last one, notice, alerts
    GET /api/listings/7/seconds?from_ms=&to_ms=    its markets in a span, as columns, with gaps
    GET /api/premium?hours=24&coin=BTC    the market's premium over time, and a coin's (`web/series.py`)
    GET /api/coins                        every coin's premium in the newest minute
    GET /api/dominance                    Korea's share of the 24 h spot volume (`web/dominance.py`)
    GET /api/latency?last=200             which channel led, by how much

400 {"error": …} is a question that makes no sense, 404 what is not there, 503 a database that does not answer now.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from config.clock import Clock
from ops.footprint import resident_bytes
from ops.health import Limits, Readings
from ops.loop_lag import LoopLag
from store import latest
from store.cache import Tier, TtlCache
from store.questions import NoAnswer, Questions
from web import answers, asked, static_files
from web.asked import BadQuery
from web.live import Live
from web.now import Now, now_view

LAST_MAX = 200
NO_STORE = {"Cache-Control": "no-store"}
Handler = Callable[[web.Request], Awaitable[object]]


class Page:
    """`routes` are what the application serves; `live.run` is the one producer, for whoever runs tasks."""

    def __init__(
        self,
        questions: Questions,
        read: Callable[[], Readings],
        limits: Limits,
        lag: LoopLag,
        clock: Clock,
        language: str,
    ) -> None:
        self._questions = questions
        self._read = read
        self._limits = limits
        self._lag = lag
        self._clock = clock
        self._language = language
        self._kept: TtlCache[str, bytes] = TtlCache(clock, capacity=8)
        self.live = Live(self._now_json, clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            *static_files.routes(self._language),
            web.get("/api/now", _answering(self.now)),
            web.get("/api/events", self.live.stream, allow_head=False),
            web.get("/api/listings", _answering(self.listings)),
            web.get(r"/api/listings/{id:\d{1,15}}", _answering(self.listing)),
            web.get(r"/api/listings/{id:\d{1,15}}/seconds", _answering(self.seconds)),
            web.get("/api/premium", _answering(self.premium)),
            web.get("/api/coins", _answering(self.coins)),
            web.get("/api/dominance", _answering(self.dominance)),
            web.get("/api/latency", _answering(self.latency)),
        ]

    async def now(self, _: web.Request) -> Now:
        return await self._now()

    async def _now(self) -> Now:
        now_ms = self._clock.now_ms()
        found = await self._questions.ask(lambda connection: latest.latest(connection, now_ms))
        return now_view(self._read(), self._limits, found, self._lag.worst_s, resident_bytes())

    async def _now_json(self) -> bytes:
        return msgspec.json.encode(await self._now())

    async def listings(self, request: web.Request) -> answers.Listings:
        last, now_ms = asked.number(request.query, "last", 1, LAST_MAX, 50), self._clock.now_ms()
        return await self._questions.ask(lambda connection: answers.newest_listings(connection, last, now_ms))

    async def listing(self, request: web.Request) -> answers.OneListing:
        listing_id, now_ms = int(request.match_info["id"]), self._clock.now_ms()
        return await self._questions.ask(lambda connection: answers.one_listing(connection, listing_id, now_ms))

    async def seconds(self, request: web.Request) -> answers.ListingSeconds:
        listing_id, now_ms = int(request.match_info["id"]), self._clock.now_ms()
        from_ms, to_ms = asked.span(request.query)
        return await self._questions.ask(
            lambda connection: answers.seconds(connection, listing_id, from_ms, to_ms, now_ms)
        )

    async def premium(self, request: web.Request) -> answers.Premium:
        hours, coin, now_ms = asked.hours(request.query), asked.coin(request.query), self._clock.now_ms()
        return await self._questions.ask(lambda connection: answers.premium(connection, hours, coin, now_ms))

    async def coins(self, _: web.Request) -> answers.Coins:
        now_ms = self._clock.now_ms()
        return await self._questions.ask(lambda connection: answers.coins(connection, now_ms))

    async def dominance(self, _: web.Request) -> bytes:
        """A day of every market's minutes: asked for once a minute at most."""
        kept = self._kept.get("dominance")
        if kept is None:
            now_ms = self._clock.now_ms()
            kept = msgspec.json.encode(
                await self._questions.ask(lambda connection: answers.dominance_now(connection, now_ms))
            )
            self._kept.set("dominance", kept, Tier.MINUTE)
        return kept

    async def latency(self, request: web.Request) -> answers.Latencies:
        last = asked.number(request.query, "last", 1, LAST_MAX, LAST_MAX)
        now_ms = self._clock.now_ms()
        return await self._questions.ask(lambda connection: answers.latency(connection, last, now_ms))


def _answering(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler's answer as JSON, its refusals as the status that they mean."""

    async def answer(request: web.Request) -> web.Response:
        try:
            said = await handler(request)
        except BadQuery as e:
            return _json({"error": str(e)}, 400)
        except answers.NotThere as e:
            return _json({"error": str(e)}, 404)
        except NoAnswer as e:
            return _json({"error": str(e)}, 503)
        return _json(said, 200)

    return answer


def _json(value: object, status: int) -> web.Response:
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=NO_STORE)
