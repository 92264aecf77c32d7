"""Upbit's sockets: `/websocket/v1` for everyone, `/websocket/v1/private` for who has an API key.

docs.upbit.com/kr/v1.6.4 websocket-guide, -ticker, -trade, -orderbook, -candle, -announcement. All frames are binary.
"""

from aiohttp import WSMsgType, web

from simulator.counters import ServiceCount
from simulator.faults import SocketFaults
from simulator.korea import upbit_frames
from simulator.korea.bearer import Gatekeeper, Unauthorized
from simulator.korea.market_feed import CANDLE_UNITS_S, MarketFeed
from simulator.korea.socket_session import Messages, Pair, Session
from simulator.korea.subscriptions import Dialect, Subscription
from simulator.korea.upbit_books import UNITS, grouped, levels_of
from simulator.korea.upbit_limits import UpbitLimits
from simulator.korea.wire import error
from simulator.world.values import Session as DaySession
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimNotice, SimTrade
from simulator.world.world import World

FORMATS = frozenset({"DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"})
PUBLIC = Dialect(frozenset({"ticker", "trade", "orderbook", *CANDLE_UNITS_S}), FORMATS, units=UNITS)
PRIVATE = Dialect(frozenset(), FORMATS, free_types=frozenset({"myOrder", "myAsset", "announcement"}))


class UpbitSpelling:
    """Upbit's frames for the market feed."""

    exchange = "upbit"
    day_session: DaySession = "utc"
    text_types: frozenset[str] = frozenset()

    def trade(self, trade: SimTrade, prev_close: float, stream: str) -> Pair:
        return upbit_frames.trade_frame(trade, prev_close, stream)

    def ticker(self, market: SimMarket, day: SimDay, now_ms: int, stream: str) -> Pair:
        return upbit_frames.ticker_frame(market, day, now_ms, stream)

    def book(self, code: str, book: SimBook, wanted: Subscription, stream: str) -> Pair | None:
        """A step that this market does not offer gives no data at all."""
        if wanted.level != "0":
            if not book.asks or wanted.level not in levels_of(code, book.asks[0][0])[1]:
                return None
            book = grouped(book, float(wanted.level))
        return upbit_frames.book_frame(code, book, wanted.units.get(code, max(UNITS)), wanted.level, stream)

    def candle(self, type_: str, code: str, candle: SimCandle, stream: str) -> Pair:
        return upbit_frames.candle_frame(type_, code, candle, stream)


class AnnouncementDesk:
    """Tells who subscribed to announcements of each publication and edit; myOrder and myAsset stay silent here."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._takers: dict[Session, Subscription] = {}
        self._listening = False

    def subscribed(self, session: Session) -> None:
        self._takers.pop(session, None)
        if not self._listening:
            self._world.on_notice("upbit", self._on_notice)
            self._listening = True
        for wanted in session.subscriptions:
            if wanted.type == "announcement" and wanted.realtime:
                self._takers[session] = wanted

    def refresh(self, session: Session, now_ms: int) -> None:
        """Nothing is repeated."""

    def left(self, session: Session) -> None:
        self._takers.pop(session, None)

    def _on_notice(self, notice: SimNotice) -> None:
        category = upbit_frames.category_of(notice)
        for session, wanted in self._takers.items():
            if not wanted.categories or category in wanted.categories:
                pair = upbit_frames.announcement_frame(notice, self._world.clock.now_ms(), wanted.include_body)
                session.send(pair, WSMsgType.BINARY)


class UpbitSockets:
    """The two handlers."""

    def __init__(self, world: World, count: ServiceCount, limits: UpbitLimits, keys: Gatekeeper) -> None:
        self._world = world
        self._count = count
        self._limits = limits
        self._keys = keys
        self._feed = MarketFeed(world, UpbitSpelling())
        self._announcements = AnnouncementDesk(world)

    async def public(self, request: web.Request) -> web.StreamResponse:
        refusal = self._limits.handshake(request.remote or "", "Origin" in request.headers)
        if refusal is not None:
            return refusal
        faults = SocketFaults(self._world.faults, "upbit:public")
        return await Session(self._feed, PUBLIC, self._world.clock, faults, self._count, Messages()).serve(request)

    async def private(self, request: web.Request) -> web.StreamResponse:
        """The token is checked before the handshake; a bad one is answered 401 and the error in JSON."""
        try:
            caller = self._keys.access_key(request.headers.get("Authorization"))
        except Unauthorized as e:
            return web.Response(status=401, text=error(e.name, e.message), content_type="application/json")
        refusal = self._limits.handshake(caller, "Origin" in request.headers)
        if refusal is not None:
            return refusal
        faults = SocketFaults(self._world.faults, "upbit:announcement")
        session = Session(self._announcements, PRIVATE, self._world.clock, faults, self._count, Messages())
        return await session.serve(request)
