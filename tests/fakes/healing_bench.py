"""A recorder on a real database, a truth that goes on without it, and the pages of a scripted REST to heal it from."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from collectors.events import Candle, Exchange, GapCause, Market, Trade
from collectors.exchanges.rest import iso_kst, iso_utc
from collectors.net.http import Params, Response
from collectors.recording.recorder import Recorder
from collectors.repair.backfill import Backfill
from collectors.repair.healing import KST_MS
from collectors.repair.history import History
from config.settings import Recording, Retention, Writing
from config.units import DAY_MS
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import by_hand, rows, same, trade


class Rest:
    """Upbit's and Bithumb's REST over a list of trades, as the wire spells them.

    `fails` answers instead, if set; `alter` is given the path and the rows of each page, to change them.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.trades: list[Trade] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.fails: Callable[[str], Response] | None = None
        self.alter: Callable[[str, list[dict[str, Any]]], None] | None = None
        self.ahead_ms = 0  # how far our clock is ahead of the exchange's

    async def get(
        self, service: str, path: str, *, params: Params | None = None, group: str = "default", deadline_s: float | None
    ) -> Response:
        assert group == "backfill"
        asked = dict(params or ())
        self.asked.append((path, asked))
        if self.fails is not None:
            return self.fails(path)
        mine = [each for each in self.trades if each.market.code == asked["market"] and each.market.exchange == service]
        count = int(asked["count"])
        if path == "/v1/trades/ticks":
            from_ms, until_ms = self._asked_for(service, asked)
            mine = [each for each in mine if from_ms <= each.traded_ms < until_ms]
            mine = sorted(mine, key=lambda each: each.trade_id)
            mine = [each for each in mine if each.trade_id < int(asked.get("cursor", 2**63))]
            return self._page(path, [_tick(each) for each in reversed(mine[-count:])])
        length_ms = 1_000 if path == "/v1/candles/seconds" else 60_000
        spelled = iso_utc if service == "upbit" else iso_kst
        found = [each for each in numbered(mine, length_ms) if spelled(each.open_ms) < asked["to"]]
        return self._page(path, [_row(each) for each in reversed(found[-count:])])

    def _page(self, path: str, rows: list[dict[str, Any]]) -> Response:
        if self.alter is not None:
            self.alter(path, rows)
        return self._answer(rows)

    def _asked_for(self, service: str, asked: dict[str, str]) -> tuple[int, int]:
        """The part of a day that `to` and `days_ago` name, as the exchange counts its days now; else all there is."""
        days_ago, until = int(asked.get("days_ago", asked.get("daysAgo", "0"))), asked.get("to")
        if not days_ago and until is None:
            return 0, 2**63
        zone_ms = 0 if service == "upbit" else KST_MS
        midnight_ms = ((self._clock.now_ms() - self.ahead_ms + zone_ms) // DAY_MS - days_ago) * DAY_MS - zone_ms
        if until is None:
            return midnight_ms, midnight_ms + DAY_MS
        hours, minutes, seconds = map(int, until.split(":"))
        return midnight_ms, midnight_ms + (hours * 3600 + minutes * 60 + seconds) * 1000

    def _answer(self, body: object, status: int = 200) -> Response:
        now_ms = self._clock.now_ms()
        return Response(status, {}, json.dumps(body).encode(), now_ms, now_ms)


def _tick(each: Trade) -> dict[str, Any]:
    side = "BID" if each.side == "buy" else "ASK"
    ids = {"timestamp": each.traded_ms, "sequential_id": each.trade_id}
    return {"market": each.market.code, "trade_price": each.price, "trade_volume": each.volume, "ask_bid": side} | ids


def _row(each: Candle) -> dict[str, Any]:
    prices = {"opening_price": each.open, "high_price": each.high, "low_price": each.low, "trade_price": each.close}
    sums = {"candle_acc_trade_volume": each.volume, "candle_acc_trade_price": each.quote_volume}
    return {"market": each.market.code, "candle_date_time_utc": iso_utc(each.open_ms)[:-1]} | prices | sums


def numbered(trades: Sequence[Trade], length_ms: int) -> list[Candle]:
    """Candles of one market's trades. Bithumb's REST ids are shared; they are numbered, so that none is a repeat."""
    if trades and trades[0].market.exchange == "bithumb":
        trades = [replace(each, trade_id=n) for n, each in enumerate(trades)]
    return by_hand(trades, length_ms, trades[0].market.exchange) if trades else []


class Bench:
    """A recorder that listens, a truth that goes on without it, and what heals it."""

    def __init__(self, path: Path, clock: FakeClock, exchange: Exchange = "upbit", seconds_s: int = 600) -> None:
        self.path = path
        self.clock = clock
        self.exchange: Exchange = exchange
        self.writer = DatabaseWriter.open(blank(path), clock, Writing(batch_ms=1))
        self.recorder = Recorder(self.writer, clock, Recording(), [exchange])
        self.rest = Rest(clock)
        self.young: set[str] = set()
        history = History(exchange, self.rest, clock)
        self.backfill = Backfill(
            history, self.writer, self.recorder, clock, Retention(seconds_s=seconds_s), lambda: self.young
        )
        self._n = 0

    async def begin(self, *markets: Market) -> None:
        await self.recorder.start()
        await self.recorder.expect(markets)
        self.recorder.live(markets, self.recorder.exchange_ms(self.exchange))

    async def run(
        self, seconds: int, markets: Sequence[Market], heard: bool = True, heard_at: Sequence[int] = (100, 400)
    ) -> None:
        """Each market trades three times a second; the recorder hears it, or does not, or only those `heard_at`."""
        for _ in range(seconds):
            for market in markets:
                for at_ms in (100, 400, 400):
                    self._n += 1
                    received_ms = self.clock.now_ms() - START_MS + at_ms + 50
                    stamp_ms = received_ms - 50 - self.rest.ahead_ms
                    trade_id = (START_MS + stamp_ms) * 10_000 + (self._n % 3 if market.exchange == "upbit" else 0)
                    made = trade(stamp_ms, 100.0 + self._n % 7, 1.5, trade_id, market, received_ms)
                    self.rest.trades.append(made)
                    if heard and at_ms in heard_at:  # Bithumb's socket has ids of its own
                        self.recorder.trade(made if market.exchange == "upbit" else replace(made, trade_id=self._n))
            await self.clock.advance(1)
            self.recorder.flush()

    async def miss(self, *markets: Market, for_s: int = 20, quiet: Sequence[Market] = ()) -> None:
        """Ten seconds heard, a stretch missed, and live again until it is settled."""
        await self.begin(*markets, *quiet)
        await self.run(10, markets)
        self.recorder.lost([*markets, *quiet], self.recorder.exchange_ms(self.exchange), GapCause.DISCONNECT)
        await self.run(for_s, markets, heard=False)
        self.recorder.live([*markets, *quiet], self.recorder.exchange_ms(self.exchange))
        await self.settle(*markets)

    async def settle(self, *markets: Market) -> None:
        await self.run(12, markets)
        await self.writer.run(lambda connection: None)

    def gaps(self) -> list[tuple[Any, ...]]:
        sql = "SELECT cause, state, (from_ms - ?) / 1000, (to_ms - ?) / 1000, source FROM gaps ORDER BY from_ms, id"
        return rows(self.path, sql, START_MS, START_MS)

    def states(self) -> set[object]:
        return {row[0] for row in rows(self.path, "SELECT state FROM gaps WHERE to_ms NOT NULL")}

    def wrong(self, market: Market, from_s: int, to_s: int) -> list[int]:
        """Stored seconds of [from_s, to_s) that are not as a person would fold the truth."""
        sql = "SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM v_candles_1s WHERE code = ?"
        stored = {row[0]: Candle(market, *row) for row in rows(self.path, sql, market.code)}  # type: ignore[arg-type]  # a row
        mine = [each for each in self.rest.trades if each.market == market]
        true = {each.open_ms: each for each in numbered(mine, 1_000)}
        return [
            second
            for second in range(from_s, to_s)
            if not _equal(stored.get(START_MS + second * 1_000), true.get(START_MS + second * 1_000))
        ]


def _equal(ours: Candle | None, true: Candle | None) -> bool:
    return ours is true if ours is None or true is None else same(ours, true)
