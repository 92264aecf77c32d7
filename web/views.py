"""What answers the page's questions: a query checked, the database asked in a thread, one value encoded as JSON."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web

from config.clock import Clock
from ops.watching.footprint import resident_bytes
from ops.watching.health import Limits
from ops.watching.loop_lag import LoopLag
from ops.watching.readings import Readings
from store.cache import Tier, TtlCache
from store.questions import NoAnswer, Questions
from store.readings import latest
from web import answers, asked
from web.asked import BadQuery
from web.now import Now, now_view

LAST_MAX = 200
NO_STORE = {"Cache-Control": "no-store"}


class Views:
    """`answer(name, request)` is the view of that name as a response; `now_json` the state that the stream tells."""

    def __init__(
        self, database: Path, read: Callable[[], Readings], limits: Limits, lag: LoopLag, clock: Clock
    ) -> None:
        self._questions = Questions(database)
        self._read = read
        self._limits = limits
        self._lag = lag
        self._clock = clock
        self._kept: TtlCache[str, bytes] = TtlCache(clock, capacity=8)
        self._named = {
            "now": self.now,
            "listings": self.listings,
            "listing": self.listing,
            "seconds": self.seconds,
            "premium": self.premium,
            "coins": self.coins,
            "dominance": self.dominance,
            "latency": self.latency,
        }

    async def answer(self, name: str, request: web.Request) -> web.Response:
        """The view as JSON, its refusals as the status that they mean."""
        try:
            said = await self._named[name](request)
        except BadQuery as e:
            return _json({"error": str(e)}, 400)
        except answers.NotThere as e:
            return _json({"error": str(e)}, 404)
        except NoAnswer as e:
            return _json({"error": str(e)}, 503)
        return _json(said, 200)

    async def now(self, _: web.Request) -> Now:
        return await self._now()

    async def _now(self) -> Now:
        now_ms = self._clock.now_ms()
        found = await self._questions.ask(lambda connection: latest.latest(connection, now_ms))
        return now_view(self._read(), self._limits, found, self._lag.worst_s, resident_bytes())

    async def now_json(self) -> bytes:
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


def _json(value: object, status: int) -> web.Response:
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=NO_STORE)
