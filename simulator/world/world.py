"""The simulated world as every service sees it: markets, trades, books, notices, wallets, venues, rates, faults.

Nothing here knows a wire format. Time is the `clock`'s; the model moves only in `advance()`, which the driver calls
all the time: trades and staged actions then happen in the order of their own times, whatever the steps were. The same
seed gives the same events, as long as nothing is staged; what is staged adds to them and changes none of the others.

Exchanges are `upbit` and `bithumb`; a code is quote first (`KRW-BTC`). An unknown code raises KeyError.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from simulator.faults import Fault, Faults
from simulator.world.bulletin import Bulletin, NoticeListener
from simulator.world.clock import SimClock
from simulator.world.day import DayStatistics
from simulator.world.market import KST_OFFSET_MS, MarketModel, Rate
from simulator.world.population import populated
from simulator.world.prices import DAY_MS, HOUR_MS, MINUTE_MS, Path, Ticks, bank_rate, fair_price, krw_per_usdt, mixed
from simulator.world.tape import KEEP_TRADES_MS, Tape
from simulator.world.tokens import token_of
from simulator.world.universe import Coin, network_name
from simulator.world.values import (
    MarketState,
    Session,
    SimBook,
    SimCandle,
    SimCurrency,
    SimDay,
    SimMarket,
    SimNetwork,
    SimNotice,
    SimPerp,
    SimQuote,
    SimRate,
    SimToken,
    SimTrade,
    SimWallet,
)
from simulator.world.venues import VENUE_NAMES, SimVenue

__all__ = [
    "EXCHANGES", "Fault", "Faults", "Session", "SimBook", "SimCandle", "SimClock", "SimCurrency", "SimDay", "SimMarket",
    "SimNetwork", "SimNotice", "SimPerp", "SimQuote", "SimRate", "SimToken", "SimTrade", "SimVenue", "SimWallet",
    "World",
]  # fmt: skip

EXCHANGES = ("upbit", "bithumb")
DEFAULT_KRW_MARKETS = 280
DEFAULT_RATE = 150.0  # trades a second over all markets
WARM_UP_MS = 60_000  # simulated before the first call is answered, so that every list has something to show
WARM_UP_TRADES = 20_000
KEPT_PRICES = 256  # of each coin: what one venue was asked of the past, the next one is asked of the same moments
KEEP_TRADES = 4_000_000  # of the truth, about 100 bytes each; at ordinary rates two hours are fewer

TradeListener = Callable[[SimTrade], None]


class World:
    """See the module. `markets` counts the KRW markets of both exchanges, `rate` is trades a second over all.

    `warm_up_ms` is what has been traded before the start.
    """

    def __init__(
        self,
        clock: SimClock,
        seed: int = 1,
        markets: int = DEFAULT_KRW_MARKETS,
        rate: float = DEFAULT_RATE,
        warm_up_ms: int = WARM_UP_MS,
    ) -> None:
        if markets < 2 or not rate > 0:
            raise ValueError("a world needs at least 2 KRW markets and a positive rate")
        self.clock = clock
        self.seed = seed
        self.start_ms = clock.now_ms() // 1000 * 1000
        self.faults = Faults(clock.now_ms)
        self._keep_ms = min(KEEP_TRADES_MS, int(KEEP_TRADES / rate * 1000))
        self._population = populated(seed, markets, rate)
        self._coins: dict[str, Coin] = dict(self._population.coins)
        self._fair: dict[str, Path] = {}
        self._krw = {exchange: krw_per_usdt(seed, exchange) for exchange in EXCHANGES}
        self._bank = bank_rate(seed)
        self._models: dict[str, dict[str, MarketModel]] = {exchange: {} for exchange in EXCHANGES}
        self._shown: dict[str, dict[str, SimMarket]] = {exchange: {} for exchange in EXCHANGES}
        self._days: dict[MarketModel, tuple[DayStatistics, DayStatistics]] = {}
        self._due: list[tuple[int, int, MarketModel]] = []  # next cluster of each market, since the start
        self._actions: list[tuple[int, int, Callable[[], None]]] = []  # staged, UTC
        self._tie = itertools.count()
        self._openings = 0
        self._unsent: dict[str, deque[tuple[int, SimTrade]]] = {exchange: deque() for exchange in EXCHANGES}
        self._listeners: dict[str, list[TradeListener]] = {exchange: [] for exchange in EXCHANGES}
        self._wallets: dict[str, dict[str, dict[str, SimWallet]]] = {exchange: {} for exchange in EXCHANGES}
        self._bulletins = {exchange: Bulletin(exchange, seed, self.start_ms) for exchange in EXCHANGES}
        self._venues = {
            name: SimVenue(name, seed, self._coins, self.fair, self.start_ms, clock.now_ms) for name in VENUE_NAMES
        }
        warm_up_ms = min(warm_up_ms, int(WARM_UP_TRADES / rate * 1000))
        self._advanced_ms = self.start_ms - warm_up_ms
        for planned in self._population.markets:
            self._add_planned(planned.listed, planned.rate, planned.spread_bps, -warm_up_ms)
        for exchange in EXCHANGES:
            for coin in self._population.coins_of(exchange):
                self.set_networks(exchange, coin)
        self.advance(self.start_ms)

    # ---------------------------------------------------------------- what the services read

    def markets(self, exchange: str) -> Mapping[str, SimMarket]:
        """What the exchange's market list shows now, by code; a market that is about to open is in PREVIEW."""
        return self._shown[exchange]

    def trades(self, exchange: str, code: str, from_ms: int, to_ms: int) -> Sequence[SimTrade]:
        """The truth: trades with from_ms <= traded_ms < to_ms, oldest first."""
        model = self._model(exchange, code)
        return model.tape.between(from_ms, to_ms) if model else ()

    def last_trades(self, exchange: str, code: str, count: int, until_ms: int | None = None) -> Sequence[SimTrade]:
        """The last `count` trades (at or before `until_ms`), newest first."""
        model = self._model(exchange, code)
        return model.tape.newest(count, until_ms) if model else ()

    def last_trade(self, exchange: str, code: str) -> SimTrade | None:
        """The newest trade, None before the first."""
        model = self._model(exchange, code)
        return model.tape.last if model else None

    def traded_codes(self, exchange: str) -> list[str]:
        """Every code that ever was, delisted ones too."""
        return list(self._models[exchange])

    def on_trade(self, exchange: str, listener: TradeListener) -> Callable[[], None]:
        """Call `listener` with each trade, in order, when the clock reaches its `sent_ms`. Answers the unsubscribe."""
        listeners = self._listeners[exchange]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def book(self, exchange: str, code: str, depth: int) -> SimBook:
        """The book as it is now, at most 30 levels a side; empty while the market does not trade."""
        now_ms = self.clock.now_ms()
        shown = self._shown[exchange].get(code)
        if shown is None or shown.state != "ACTIVE":
            return SimBook((), (), 0.0, 0.0, now_ms)
        return self._models[exchange][code].book(now_ms - self.start_ms, depth)

    def tick(self, exchange: str, code: str, price: float) -> float:
        """The price step that applies to this price."""
        model = self._model(exchange, code)
        ticks = model.ticks if model else Ticks(exchange, self._shown[exchange][code].quote)
        return ticks.at(price)[0]

    def day(self, exchange: str, code: str, session: Session) -> SimDay | None:
        """Statistics as of now; None for a market that has never traded. Cheap enough for every trade frame."""
        model = self._model(exchange, code)
        if model is None:
            return None
        utc, kst = self._days[model]
        return (utc if session == "utc" else kst).at(self.clock.now_ms())

    def candles(
        self, exchange: str, code: str, unit_s: int, before_ms: int | None = None, count: int = 1
    ) -> list[SimCandle]:
        """Newest first; only windows with trades that open before `before_ms`; the forming one is included.

        Upbit's windows start at multiples of the unit in UTC, Bithumb's in KST (it matters from 240 minutes on).
        """
        offset_ms = KST_OFFSET_MS if exchange == "bithumb" else 0
        before = 2**62 if before_ms is None else before_ms
        model = self._model(exchange, code)
        return model.tape.candles(unit_s * 1000, before, count, offset_ms) if model else []

    def notices(self, exchange: str) -> Sequence[SimNotice]:
        """The notice board, in the exchange's own order, pinned notices among them."""
        return self._bulletins[exchange].newest_first()

    def on_notice(self, exchange: str, listener: NoticeListener) -> Callable[[], None]:
        """Call `listener` at each publication (`version` 1) and each edit. Answers the unsubscribe."""
        return self._bulletins[exchange].listen(listener)

    def wallets(self, exchange: str) -> Mapping[str, Mapping[str, SimWallet]]:
        """base -> network -> transfer state."""
        return self._wallets[exchange]

    def venue(self, name: str) -> SimVenue:
        return self._venues[name]

    def bank_rate(self) -> SimRate:
        """The bank's rate; it stands still outside 09:00–02:00 KST and at weekends, as the Seoul market does."""
        posted_ms = _last_posting(self.clock.now_ms())
        opened_ms = posted_ms - (posted_ms + KST_OFFSET_MS - 9 * HOUR_MS) % DAY_MS
        prices = [round(self._bank(at_ms - self.start_ms), 2) for at_ms in range(opened_ms, posted_ms, HOUR_MS)]
        now = round(self._bank(posted_ms - self.start_ms), 2)
        return SimRate(
            base_price=now,
            opening=round(self._bank(opened_ms - self.start_ms), 2),
            high=max([now, *prices]),
            low=min([now, *prices]),
            prev_close=round(self._bank(opened_ms - 7 * HOUR_MS - self.start_ms), 2),
            posted_ms=posted_ms,
            recurrence=1 + (posted_ms - opened_ms) // (2 * MINUTE_MS),
        )

    def token(self, base: str) -> SimToken | None:
        """What CoinGecko knows of this ticker."""
        coin = self._coins.get(base)
        if coin is None:
            return None
        return token_of(self.seed, coin, self.fair(base)(self.clock.now_ms() - self.start_ms), self.clock.now_ms())

    def tokens(self) -> list[SimToken]:
        return [token for base in self._coins if (token := self.token(base)) is not None]

    def fair(self, base: str) -> Path:
        """The world's USDT price of a coin, as a function of the time since the start; KeyError if there is none."""
        if base not in self._fair:
            coin = self._coins[base]
            self._fair[base] = lru_cache(KEPT_PRICES)(fair_price(self.seed, base, coin.price, coin.volatility))
        return self._fair[base]

    # ---------------------------------------------------------------- what the driver and the control calls do

    def advance(self, to_ms: int) -> None:
        """Let everything up to `to_ms` (UTC) happen. Going back does nothing."""
        while self._advanced_ms < to_ms:
            next_action_ms = self._actions[0][0] if self._actions else to_ms + 1
            step_ms = min(to_ms, max(self._advanced_ms, next_action_ms))
            self._trade_until(step_ms)
            self._advanced_ms = step_ms
            while self._actions and self._actions[0][0] <= step_ms:
                heapq.heappop(self._actions)[2]()
        for exchange, unsent in self._unsent.items():
            while unsent and unsent[0][0] <= to_ms:
                _, trade = unsent.popleft()
                for listener in list(self._listeners[exchange]):
                    listener(trade)

    @property
    def told_ms(self) -> int:
        """Every trade that was published until then has gone to the listeners."""
        return self._advanced_ms

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        """Do this when the world reaches `at_ms` (UTC); at once if it is there already."""
        if at_ms <= self._advanced_ms:
            action()
        else:
            heapq.heappush(self._actions, (at_ms, next(self._tie), action))

    def bulletin(self, exchange: str) -> Bulletin:
        return self._bulletins[exchange]

    def coin(self, base: str) -> Coin | None:
        return self._coins.get(base)

    def add_coin(self, coin: Coin) -> None:
        """A coin that the world has not known (or knows differently from now on)."""
        self._coins[coin.base] = coin
        self._fair.pop(coin.base, None)

    def show(self, listed: SimMarket) -> None:
        """Put a market into the list, or change what the list says of it."""
        self._shown[listed.exchange][listed.code] = listed

    def hide(self, exchange: str, code: str) -> None:
        """Take a market out of the list; trading ends, what was traded stays known."""
        self._shown[exchange].pop(code, None)
        model = self._models[exchange].get(code)
        self._due = [entry for entry in self._due if entry[2] is not model]
        heapq.heapify(self._due)

    def open_market(self, listed: SimMarket, mid: Path, rate: Rate, notional: float, spread_bps: float) -> None:
        """Start to trade a market at this moment, with its first trade at once; what it traded before stays known."""
        earlier = self._models[listed.exchange].get(listed.code)
        self._openings += 1
        seed = mixed(self.seed, self._openings) if earlier else self.seed
        tape = earlier.tape if earlier else Tape(listed.exchange, listed.code, self._keep_ms)
        model = MarketModel(listed, seed, self.start_ms, mid, rate, notional, spread_bps, tape, history=False)
        self._register(model)
        self.show(msgspec.structs.replace(listed, state="ACTIVE"))
        self._trade(model, self._advanced_ms - self.start_ms)

    def rename(self, exchange: str, code: str, new_code: str) -> None:
        """The same market under another code."""
        quote, _, base = new_code.partition("-")
        renamed = msgspec.structs.replace(self._shown[exchange].pop(code), code=new_code, base=base, quote=quote)
        model = self._models[exchange].pop(code)
        model.listed = renamed
        model.tape.rename(new_code)
        self._models[exchange][new_code] = model
        self.show(renamed)

    def set_state(self, exchange: str, code: str, state: MarketState) -> None:
        self.show(msgspec.structs.replace(self._shown[exchange][code], state=state))

    def set_wallet(self, exchange: str, base: str, network: str, deposit: bool, withdrawal: bool) -> None:
        """Transfer state of one coin on one network; the row appears if it is new."""
        row = SimWallet(base, network, network_name(network), deposit, withdrawal)
        self._wallets[exchange].setdefault(base, {})[network] = row

    def set_networks(self, exchange: str, coin: Coin) -> None:
        """The wallets of a coin that is listed in the ordinary way: open, save the few that are suspended."""
        for network in coin.networks:
            suspended = self._population.suspended(exchange, coin.base)
            self.set_wallet(exchange, coin.base, network, not suspended, not suspended)

    def krw_mid(self, exchange: str, base: str, quote: str) -> Path:
        """The price path of a market without any premium of its own, in units of `quote`."""
        fair = self.fair(base)
        if quote == "KRW":
            krw = self._krw[exchange]
            own = self._population.own_premium(exchange, base)
            return lambda at_ms: fair(at_ms) * krw(at_ms) * (1.0 + own(at_ms))
        if quote == "USDT":
            return fair
        against = self.fair(quote)
        return lambda at_ms: fair(at_ms) / against(at_ms)

    def trading_size(self, quote: str) -> float:
        """The typical size of a trade, in units of `quote`."""
        return self._population.notional(quote)

    # ---------------------------------------------------------------- inside

    def _add_planned(self, listed: SimMarket, rate_hz: float, spread_bps: float, from_ms: int) -> None:
        mid = self.krw_mid(listed.exchange, listed.base, listed.quote)
        notional = self._population.notional(listed.quote)
        tape = Tape(listed.exchange, listed.code, self._keep_ms)
        model = MarketModel(listed, self.seed, self.start_ms, mid, lambda _: rate_hz, notional, spread_bps, tape)
        self._register(model)
        self.show(listed)
        age_ms = int(min(HOUR_MS, 1000 / rate_hz))
        self._record(model, from_ms - age_ms)
        heapq.heappush(self._due, (model.first_ms(from_ms), next(self._tie), model))

    def _model(self, exchange: str, code: str) -> MarketModel | None:
        """None for a market that is listed and has never traded; KeyError for one that nobody knows."""
        model = self._models[exchange].get(code)
        if model is None and code not in self._shown[exchange]:
            raise KeyError(f"{exchange} has no market {code}")
        return model

    def _register(self, model: MarketModel) -> None:
        self._models[model.listed.exchange][model.listed.code] = model
        days = DayStatistics(model, "utc", self.start_ms), DayStatistics(model, "kst", self.start_ms)
        self._days[model] = days

    def _trade_until(self, to_ms: int) -> None:
        limit = to_ms - self.start_ms
        while self._due and self._due[0][0] <= limit:
            at_ms, _, model = heapq.heappop(self._due)
            self._trade(model, at_ms)

    def _trade(self, model: MarketModel, at_ms: int) -> None:
        next_ms = self._record(model, at_ms)
        heapq.heappush(self._due, (next_ms, next(self._tie), model))

    def _record(self, model: MarketModel, at_ms: int) -> int:
        exchange = model.listed.exchange
        skew_ms = self._skew_ms(exchange, self.start_ms + at_ms)
        trades, next_ms = model.cluster(at_ms, skew_ms)
        utc, kst = self._days[model]
        for trade in trades:
            utc.add(trade)
            kst.add(trade)
        self._unsent[exchange].extend((trade.sent_ms - skew_ms, trade) for trade in trades)
        return next_ms

    def _skew_ms(self, exchange: str, at_ms: int) -> int:
        fault = self.faults.at(f"{exchange}:public", "skew_clock", at_ms)
        return fault.by_ms if fault else 0


def _last_posting(now_ms: int) -> int:
    """The bank posts every two minutes from 09:00 to 02:00 KST, Monday to Friday (the night belongs to its day)."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(hours=9)
    day = (now - timedelta(hours=9)).date()  # the trading day that began last, at 09:00 KST
    opened = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    while opened.weekday() >= 5:
        opened -= timedelta(days=1)
    latest = min(now, opened + timedelta(hours=17))
    latest_ms = int(latest.timestamp() * 1000) - KST_OFFSET_MS
    return latest_ms - latest_ms % (2 * MINUTE_MS)
