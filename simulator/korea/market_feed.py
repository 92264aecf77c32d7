"""The public market data of one Korean exchange, fanned out to the sessions that subscribed to it.

A trade is encoded once for each format and goes out at once; its bytes are shared by all who asked for it. Tickers,
order books and candles are whole states: of several changes between two looks (0.2 s) only the last is sent, and a
state is encoded once for all who look at the same time. Nothing is encoded for a code that nobody asked for.
"""

from typing import Protocol

from aiohttp import WSMsgType

from simulator.korea.socket_session import Pair, Session, dressed
from simulator.korea.subscriptions import Format, Subscription
from simulator.world.values import Session as DaySession
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimTrade
from simulator.world.world import World

CANDLE_UNITS_S = {
    "candle.1s": 1,
    "candle.1m": 60,
    "candle.3m": 180,
    "candle.5m": 300,
    "candle.10m": 600,
    "candle.15m": 900,
    "candle.30m": 1800,
    "candle.60m": 3600,
    "candle.240m": 14400,
}
BOOK_REST_MS = 3_000  # a book without trades moves as well; it is shown again after so long
CANDLE_CHECK_MS = 1_000
SHARED_MS = 100
UNSENT_AT_MOST = 200  # trades of one market that are matched but not yet published
MOST_CANDLES = 100


class Spelling(Protocol):
    """How one exchange writes its frames. `book` answers None when this code has no such view."""

    exchange: str
    day_session: DaySession
    text_types: frozenset[str]  # types that go out in text frames; the others in binary ones

    def trade(self, trade: SimTrade, prev_close: float, stream: str) -> Pair: ...
    def ticker(self, market: SimMarket, day: SimDay, now_ms: int, stream: str) -> Pair: ...
    def book(self, code: str, book: SimBook, wanted: Subscription, stream: str) -> Pair | None: ...
    def candle(self, type_: str, code: str, candle: SimCandle, stream: str) -> Pair: ...


class Watch:
    """What one session has been shown of the slow streams."""

    def __init__(self, states: dict[tuple[str, str], Subscription]) -> None:
        self.states = states  # (type, code) -> what was asked
        self.changed: set[str] = set()
        self.shown_ms: dict[tuple[str, str], int] = {}
        self.checked_ms = 0


class MarketFeed:
    """A Desk. Listens to the world from its first subscriber on."""

    def __init__(self, world: World, spelling: Spelling) -> None:
        self._world = world
        self._spelling = spelling
        self._exchange = spelling.exchange
        self._trade_takers: dict[str, dict[Session, None]] = {}
        self._watchers: dict[str, dict[Watch, None]] = {}
        self._watches: dict[Session, Watch] = {}
        self._shared: dict[str, dict[tuple[object, ...], tuple[int, Pair | None]]] = {}
        self._listening = False

    # -- Desk -----------------------------------------------------------------------------------------------------

    def subscribed(self, session: Session) -> None:
        self.left(session)
        if not self._listening:
            self._world.on_trade(self._exchange, self._on_trade)
            self._listening = True
        states: dict[tuple[str, str], Subscription] = {}
        for wanted in session.subscriptions:
            for code in wanted.codes:
                if not wanted.realtime:
                    continue
                if wanted.type == "trade":
                    self._trade_takers.setdefault(code, {})[session] = None
                else:
                    states[wanted.type, code] = wanted
        watch = self._watches[session] = Watch(states)
        watch.checked_ms = self._world.clock.now_ms()
        for _, code in states:
            self._watchers.setdefault(code, {})[watch] = None
        for wanted in session.subscriptions:
            if wanted.snapshot:
                self._snapshots(session, watch, wanted)

    def refresh(self, session: Session, now_ms: int) -> None:
        watch = self._watches.get(session)
        if watch is None:
            return
        changed, watch.changed = watch.changed, set()
        check_candles = now_ms - watch.checked_ms >= CANDLE_CHECK_MS
        for key, wanted in watch.states.items():
            type_, code = key
            if type_ in CANDLE_UNITS_S:
                if check_candles:
                    self._send_candles(session, watch, key)
            elif code in changed or (type_ == "orderbook" and now_ms - watch.shown_ms.get(key, 0) >= BOOK_REST_MS):
                watch.shown_ms[key] = now_ms
                pair = self._state(wanted, code, "REALTIME", now_ms)
                if pair is not None:
                    session.send(pair, self._opcode(type_))
        if check_candles:
            watch.checked_ms = now_ms

    def left(self, session: Session) -> None:
        watch = self._watches.pop(session, None)
        for code in [code for code, takers in self._trade_takers.items() if session in takers]:
            del self._trade_takers[code][session]
            if not self._trade_takers[code]:
                del self._trade_takers[code]
        if watch is None:
            return
        for code in {code for _, code in watch.states}:
            self._watchers[code].pop(watch, None)
            if not self._watchers[code]:
                del self._watchers[code]

    # -- what happens ---------------------------------------------------------------------------------------------

    def _on_trade(self, trade: SimTrade) -> None:
        takers = self._trade_takers.get(trade.code)
        if takers:
            pair = self._spelling.trade(trade, self._prev_close(trade), "REALTIME")
            opcode = self._opcode("trade")
            made: dict[Format, bytes] = {}
            for session in takers:
                frame = made.get(session.format)
                if frame is None:
                    frame = made[session.format] = dressed(pair, session.format)
                session.offer(frame, opcode)
        self._shared.pop(trade.code, None)
        for watch in self._watchers.get(trade.code, ()):
            watch.changed.add(trade.code)

    def _snapshots(self, session: Session, watch: Watch, wanted: Subscription) -> None:
        now_ms = self._world.clock.now_ms()
        opcode = self._opcode(wanted.type)
        for code in wanted.codes:
            if wanted.type == "trade":
                trade = self._last_sent_trade(code)
                pair = self._spelling.trade(trade, self._prev_close(trade), "SNAPSHOT") if trade else None
            elif wanted.type in CANDLE_UNITS_S:
                candle = next(iter(self._candles(code, wanted.type, 1)), None)
                pair = self._spelling.candle(wanted.type, code, candle, "SNAPSHOT") if candle else None
                watch.shown_ms[wanted.type, code] = candle.last_ms if candle else 0
            else:
                pair = self._state(wanted, code, "SNAPSHOT", now_ms)
                watch.shown_ms[wanted.type, code] = now_ms
            if pair is not None:
                session.send(pair, opcode)

    def _opcode(self, type_: str) -> WSMsgType:
        return WSMsgType.TEXT if type_ in self._spelling.text_types else WSMsgType.BINARY

    def _state(self, wanted: Subscription, code: str, stream: str, now_ms: int) -> Pair | None:
        """The ticker or book of a code now; made once for all who ask within 0.1 s and before the next trade."""
        shared = self._shared.setdefault(code, {})
        key = (wanted.type, wanted.level, wanted.units.get(code, 0), stream)
        made_ms, pair = shared.get(key, (-SHARED_MS, None))
        if now_ms - made_ms < SHARED_MS:
            return pair
        pair = None
        market = self._world.markets(self._exchange).get(code)
        if market is not None and wanted.type == "ticker":
            day = self._day(code) or empty_day(now_ms)
            pair = self._spelling.ticker(market, day, now_ms, stream)
        elif market is not None and market.state == "ACTIVE":
            pair = self._spelling.book(code, self._world.book(self._exchange, code, 30), wanted, stream)
        shared[key] = now_ms, pair
        return pair

    def _send_candles(self, session: Session, watch: Watch, key: tuple[str, str]) -> None:
        """Each window that got a trade since the last check, the older first."""
        type_, code = key
        shown_ms = watch.shown_ms.get(key)
        unit_ms = CANDLE_UNITS_S[type_] * 1000
        newest = self._last_trade(code)
        if newest is None or (shown_ms is not None and newest.traded_ms <= shown_ms):
            return
        missed = 1 if shown_ms is None else min(MOST_CANDLES, (newest.traded_ms - shown_ms) // unit_ms + 2)
        for candle in reversed(self._candles(code, type_, missed)):
            if shown_ms is None or candle.last_ms > shown_ms:
                session.send(self._spelling.candle(type_, code, candle, "REALTIME"), self._opcode(type_))
                watch.shown_ms[key] = candle.last_ms

    # -- the world, where a code may be unknown or not trading yet --------------------------------------------------

    def _last_trade(self, code: str) -> SimTrade | None:
        try:
            return self._world.last_trade(self._exchange, code)
        except KeyError:
            return None

    def _last_sent_trade(self, code: str) -> SimTrade | None:
        """The newest trade that the socket has shown; later ones are still to come as REALTIME."""
        try:
            newest = self._world.last_trades(self._exchange, code, UNSENT_AT_MOST)
        except KeyError:
            return None
        return next((trade for trade in newest if trade.sent_ms <= self._world.told_ms), None)

    def _day(self, code: str) -> SimDay | None:
        try:
            return self._world.day(self._exchange, code, self._spelling.day_session)
        except KeyError:
            return None

    def _candles(self, code: str, type_: str, count: int) -> list[SimCandle]:
        try:
            return self._world.candles(self._exchange, code, CANDLE_UNITS_S[type_], None, count)
        except KeyError:
            return []

    def _prev_close(self, trade: SimTrade) -> float:
        day = self._day(trade.code)
        return day.prev_close if day else trade.price


def empty_day(now_ms: int) -> SimDay:
    """The day of a market that has never traded: prices of zero, stamped now."""
    return SimDay(
        opening=0.0,
        high=0.0,
        low=0.0,
        last=0.0,
        prev_close=0.0,
        last_volume=0.0,
        last_side="buy",
        last_traded_ms=now_ms,
        acc_volume=0.0,
        acc_value=0.0,
        acc_ask_volume=0.0,
        acc_bid_volume=0.0,
        acc_volume_24h=0.0,
        acc_value_24h=0.0,
        high_52w=0.0,
        high_52w_ms=now_ms,
        low_52w=0.0,
        low_52w_ms=now_ms,
    )
