"""Bithumb's public socket (API 2.x), `/websocket/v1`.

apidocs.bithumb.com public-스트림v1. Clients report binary frames for some subscriptions and text for others; here
trades and books are binary, tickers and everything else is text. No limit on messages is documented, so there is none.
"""

from aiohttp import WSMsgType, web

from simulator.counters import ServiceCount
from simulator.faults import SocketFaults
from simulator.korea import bithumb_frames
from simulator.korea.bithumb_limits import BithumbLimits
from simulator.korea.market_feed import MarketFeed
from simulator.korea.socket_session import Pair, Session
from simulator.korea.subscriptions import Dialect, Subscription
from simulator.world.values import Session as DaySession
from simulator.world.values import SimBook, SimDay, SimMarket, SimTrade
from simulator.world.world import World

PUBLIC = Dialect(
    frozenset({"ticker", "trade", "orderbook"}),
    frozenset({"DEFAULT", "SIMPLE"}),
    bad_format="{}은 지원하지 않는 포맷입니다.",
)


class BithumbSpelling:
    """Bithumb's frames for the market feed."""

    exchange = "bithumb"
    day_session: DaySession = "kst"
    text_types: frozenset[str] = frozenset({"ticker"})

    def trade(self, trade: SimTrade, prev_close: float, stream: str) -> Pair:
        return bithumb_frames.trade_frame(trade, prev_close, stream)

    def ticker(self, market: SimMarket, day: SimDay, now_ms: int, stream: str) -> Pair:
        return bithumb_frames.ticker_frame(market, day, now_ms, stream)

    def book(self, code: str, book: SimBook, wanted: Subscription, stream: str) -> Pair | None:
        """The step `level` is not simulated: the view is the same for all."""
        del wanted
        return bithumb_frames.book_frame(code, book, stream)

    def candle(self, *_: object) -> Pair:
        raise LookupError("Bithumb has no stream of candles")  # the dialect refuses such a subscription


class BithumbSocket:
    """The handler."""

    def __init__(self, world: World, count: ServiceCount, limits: BithumbLimits) -> None:
        self._world = world
        self._count = count
        self._limits = limits
        self._feed = MarketFeed(world, BithumbSpelling())

    async def public(self, request: web.Request) -> web.StreamResponse:
        refusal = self._limits.handshake(request.remote or "")
        if refusal is not None:
            return refusal
        faults = SocketFaults(self._world.faults, "bithumb:public")
        clock = self._world.clock
        session = Session(self._feed, PUBLIC, clock, faults, self._count, control_opcode=WSMsgType.TEXT)
        return await session.serve(request)
