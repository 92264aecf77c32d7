"""One Korean market: where its quotes are at any moment, and the seeded stream of trades that takes them."""

import math
import random
from collections.abc import Callable

from simulator.world.prices import DAY_MS, HOUR_MS, Noise, Path, Ticks, mixed, text_seed, unit
from simulator.world.tape import Tape
from simulator.world.values import SimBook, SimMarket, SimTrade

LEVELS = 30
BOOK_STEP_MS = 500  # sizes in the book change at most this often
KST_OFFSET_MS = 9 * HOUR_MS
UPBIT_SENT_AFTER_MS = 50  # and up to 10 more
BITHUMB_SENT_AFTER_MS = 260  # likewise
BITHUMB_FIRST_WS_ID = 910_000_000_000_000_000  # 18 digits, nothing to do with the time

CLUSTER_ODDS = (0.82, 0.93, 0.97, 0.99)  # of 1, 2, 3, 4 trades in one millisecond; else 5
TWIN_ODDS = 0.05  # of a second trade that looks exactly like the one before it

Rate = Callable[[int], float]  # at_ms -> events per second


class MarketModel:
    """Makes the trades of one market, one cluster after another. `start_ms` is the simulation's start, UTC.

    `mid` and `rate` are functions of the time since that start; they and `seed` decide everything.
    """

    def __init__(
        self,
        listed: SimMarket,
        seed: int,
        start_ms: int,
        mid: Path,
        rate: Rate,
        notional: float,
        spread_bps: float,
        tape: Tape,
        history: bool = True,
    ) -> None:
        self.listed = listed
        self.mid = mid
        self.rate = rate
        self.ticks = Ticks(listed.exchange, listed.quote)
        self.tape = tape
        self.history = history
        self._seed = mixed(seed, text_seed(listed.exchange), text_seed(listed.code))
        self._random = random.Random(self._seed)
        self._start_ms = start_ms
        self._notional = notional
        self._half_spread = spread_bps / 20_000
        self._depth = notional * 12
        self._ws_id = BITHUMB_FIRST_WS_ID + self._seed % 9_000_000 * 10**9
        self._lean = Noise(mixed(self._seed, 3), ((20_000, 0.25), (600_000, 0.2)))  # buyers or sellers ahead

    def first_ms(self, from_ms: int) -> int:
        """When the first cluster at or after `from_ms` comes (since the start)."""
        return self._after(from_ms)

    def _after(self, at_ms: int) -> int:
        return at_ms + max(1, int(self._random.expovariate(max(1e-6, self.rate(at_ms))) * 1000))

    def best(self, at_ms: int) -> tuple[float, float, float, int]:
        """Best bid, best ask, tick, decimals; the bid is always at least one tick below the ask and above zero."""
        mid = self.mid(at_ms)
        tick, decimals = self.ticks.at(mid)
        bid_ticks = max(1, math.floor(mid * (1.0 - self._half_spread) / tick))
        ask_ticks = max(bid_ticks + 1, math.ceil(mid * (1.0 + self._half_spread) / tick))
        return round(bid_ticks * tick, decimals), round(ask_ticks * tick, decimals), tick, decimals

    def size_at(self, level: int, side: int, price: float, at_ms: int) -> float:
        """What rests at a level (0 best) of one side (0 bid, 1 ask)."""
        roll = unit(self._seed, level, side, at_ms // BOOK_STEP_MS // (1 + level))
        notional = self._depth * (0.15 + 0.25 * level) * -math.log(1.0 - 0.98 * roll)
        return max(1e-8, round(notional / price, 8))

    def book(self, at_ms: int, depth: int) -> SimBook:
        """The book at this moment; the totals are those of all `LEVELS` levels."""
        bid, ask, tick, decimals = self.best(at_ms)
        bids, asks = [], []
        for level in range(LEVELS):
            lower, higher = round(bid - level * tick, decimals), round(ask + level * tick, decimals)
            if lower > 0:
                bids.append((lower, self.size_at(level, 0, lower, at_ms)))
            asks.append((higher, self.size_at(level, 1, higher, at_ms)))
        total_bid, total_ask = math.fsum(size for _, size in bids), math.fsum(size for _, size in asks)
        return SimBook(tuple(bids[:depth]), tuple(asks[:depth]), total_bid, total_ask, self._start_ms + at_ms)

    def cluster(self, at_ms: int, skew_ms: int) -> tuple[list[SimTrade], int]:
        """The trades of the cluster that is due at `at_ms`, already on the tape, and when the next one is due.

        Their stamps are moved by `skew_ms`, as an exchange with a wrong clock would.
        """
        dice = self._random
        bid, ask, tick, decimals = self.best(at_ms)
        roll = dice.random()
        count = 1 + sum(roll > odds for odds in CLUSTER_ODDS)
        buying = dice.random() < 0.5 + self._lean(at_ms)
        bid_size, ask_size = self.size_at(0, 0, bid, at_ms), self.size_at(0, 1, ask, at_ms)
        traded_ms = self._start_ms + at_ms + skew_ms
        trades: list[SimTrade] = []
        price, volume = (ask if buying else bid), 0.0
        for number in range(count):
            if number == 0 or dice.random() > TWIN_ODDS:
                volume = max(1e-8, round(self._notional * dice.lognormvariate(0.0, 1.3) / price, 8))
            trades.append(
                SimTrade(
                    self.listed.exchange,
                    self.listed.code,
                    price,
                    volume,
                    "buy" if buying else "sell",
                    traded_ms,
                    traded_ms + self._sent_after_ms(at_ms),
                    *self._ids(traded_ms, number, skew_ms != 0),
                    bid,
                    bid_size,
                    ask,
                    ask_size,
                )
            )
            if number + 1 < count and dice.random() < 0.5:  # eat into the next level
                if buying:
                    price = ask = round(ask + tick, decimals)
                elif bid - tick > tick / 2:
                    price = bid = round(bid - tick, decimals)
        for trade in trades:
            self.tape.append(trade)
        return trades, self._after(at_ms)

    def seed_past_trade(self, at_ms: int) -> None:
        """Put one old trade on the tape, so that a quiet market has a last price."""
        self.cluster(at_ms, 0)

    def daily_value(self) -> float:
        """The turnover of an ordinary day, in quote units: what is taken to have happened before the start."""
        mean_trade = self._notional * math.exp(1.3**2 / 2)
        return self.rate(0) * 1.25 * mean_trade * DAY_MS / 1000 if self.history else 0.0

    def _sent_after_ms(self, at_ms: int) -> int:
        jitter = (at_ms // 97 * 7) % 11
        return (UPBIT_SENT_AFTER_MS if self.listed.exchange == "upbit" else BITHUMB_SENT_AFTER_MS) + jitter

    def _ids(self, traded_ms: int, number: int, skewed: bool) -> tuple[int, int]:
        """Socket id and REST id. A skewed clock may name a millisecond twice, so its ids count from 5000."""
        if self.listed.exchange == "upbit":
            trade_id = traded_ms * 10_000 + number + (5_000 if skewed else 0)
            return trade_id, trade_id
        self._ws_id += 1 + mixed(self._ws_id) % 9
        return self._ws_id, traded_ms * 10_000
