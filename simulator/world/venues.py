"""The global venues: which coins they list, their spot and perpetual quotes, books, klines, chains and latency.

Everything is a function of the moment, from the same fair price that the Korean markets follow.
"""

import math
from collections.abc import Callable, Mapping

from msgspec import Struct

from simulator.world.prices import DAY_MS, HOUR_MS, Noise, Path, fixed, mixed, text_seed, unit
from simulator.world.universe import MULTIPLIED_PERPS, Coin, confirmations, contract_of
from simulator.world.values import Side, SimBook, SimCandle, SimCurrency, SimNetwork, SimPerp, SimQuote

VENUE_NAMES = ("binance", "okx", "bybit", "gate", "kucoin", "bitget", "mexc", "htx", "coinbase", "kraken")
_LISTS = {"binance": 0.85, "okx": 0.7, "bybit": 0.8, "gate": 0.97, "kucoin": 0.9, "bitget": 0.9, "mexc": 0.97}
_OTHERS_LIST = 0.5
_PERP_ODDS = 0.75
_SHARE = {"binance": 1.0, "okx": 0.35, "bybit": 0.45}  # of a coin's turnover, against Binance
_OTHERS_SHARE = 0.15
_LATENCY_MS = {"binance": 12, "okx": 25, "bybit": 18}
FUNDING_INTERVAL_H = 8
LEVELS = 400
RANGE_MS = 60_000
MAJORS = frozenset({"BTC", "ETH", "XRP", "SOL", "DOGE", "USDC"})


class Entry(Struct):
    """One coin at one venue. `factor` multiplies the fair price; `withdrawal` and `deposit` hold for each network."""

    coin: Coin
    factor: float = 1.0
    perp: bool = False
    contract: str | None = None
    deposit: bool = True
    withdrawal: bool = True
    live: bool = True


class SimVenue:
    """One venue as the services see it. Times in the arguments are UTC epoch milliseconds; absent: now."""

    def __init__(
        self,
        name: str,
        seed: int,
        coins: Mapping[str, Coin],
        fair: Callable[[str], Path],
        start_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self.name = name
        self.latency_ms = _LATENCY_MS.get(name, 30)
        self._seed = mixed(seed, text_seed(name))
        self._fair = fair
        self._start_ms = start_ms
        self._now_ms = now_ms
        self._entries: dict[str, Entry] = {}
        self._noises: dict[str, Noise] = {}
        self._turnovers: dict[str, float] = {}
        self._ranges: dict[str, tuple[tuple[int, float, Path], tuple[float, float, float]]] = {}
        for coin in coins.values():
            if coin.base in MAJORS or fixed(self._seed, text_seed(coin.base)) < _LISTS.get(name, _OTHERS_LIST):
                self.list_coin(coin)

    # what is staged

    def list_coin(self, coin: Coin) -> Entry:
        """Start to list a coin, or answer its entry; the entry may be changed by the caller."""
        if coin.base == "USDT":
            return Entry(coin)
        if coin.base not in self._entries:
            perp = coin.base in MAJORS or fixed(self._seed, text_seed(coin.base), 1) < _PERP_ODDS
            self._entries[coin.base] = Entry(coin, perp=perp and not coin.stable)
        return self._entries[coin.base]

    def delist_coin(self, base: str) -> None:
        self._entries.pop(base, None)

    # what is seen

    def bases(self) -> list[str]:
        """The coins with a USDT spot market here."""
        return list(self._entries)

    def spot(self, base: str, at_ms: int | None = None) -> SimQuote | None:
        """The spot market `base`/USDT, or None if it is not listed."""
        entry = self._entries.get(base)
        if entry is None:
            return None
        now = self._now_ms() if at_ms is None else at_ms
        mid = self._mid(entry, now)
        bid, ask = self._best(mid)
        opening, high, low = self._range(entry, now)
        value = self._turnover(entry)
        return SimQuote(
            base=base,
            bid=bid,
            bid_size=self._size(entry, 0, 0, bid, now),
            ask=ask,
            ask_size=self._size(entry, 0, 1, ask, now),
            last=ask if self._roll(entry, now // 700) > 0.5 else bid,
            last_size=self._size(entry, 1, 0, bid, now) / 20,
            open_24h=opening,
            high_24h=max(high, ask),
            low_24h=min(low, bid),
            volume_24h=value / mid,
            value_24h=value,
            taken_ms=now,
            live=entry.live,
        )

    def perp(self, base: str, at_ms: int | None = None) -> SimPerp | None:
        """The linear USDT perpetual of this coin, or None if there is none."""
        entry = self._entries.get(base)
        if entry is None or not entry.perp:
            return None
        now = self._now_ms() if at_ms is None else at_ms
        index = self._mid(entry, now)
        mark = index * (1.0 + 0.0006 * self._noise(base + ":basis")(now - self._start_ms))
        bid, ask = self._best(mark)
        opening, high, low = self._range(entry, now)
        value = 3.0 * self._turnover(entry)
        interval_ms = FUNDING_INTERVAL_H * HOUR_MS
        return SimPerp(
            base=base,
            multiplier=MULTIPLIED_PERPS.get(base, 1) if self.name in ("binance", "bybit") else 1,
            bid=bid,
            bid_size=self._size(entry, 0, 2, bid, now),
            ask=ask,
            ask_size=self._size(entry, 0, 3, ask, now),
            last=bid if self._roll(entry, now // 700) > 0.5 else ask,
            mark=mark,
            index=index,
            funding_rate=round(0.0001 + 0.0002 * self._noise(base + ":funding")(now - self._start_ms), 8),
            funding_interval_h=FUNDING_INTERVAL_H,
            next_funding_ms=(now // interval_ms + 1) * interval_ms,
            open_24h=opening,
            high_24h=max(high, ask),
            low_24h=min(low, bid),
            volume_24h=value / mark,
            value_24h=value,
            open_interest=value / mark / 4,
            taken_ms=now,
            live=entry.live,
        )

    def book(self, base: str, perp: bool = False, depth: int = 100) -> SimBook | None:
        """The book of the spot market or the perpetual; empty while the market is not live; None if not listed."""
        quote = self.perp(base) if perp else self.spot(base)
        if quote is None:
            return None
        if not quote.live:
            return SimBook((), (), 0.0, 0.0, quote.taken_ms)
        entry, now = self._entries[base], quote.taken_ms
        step = _grid(quote.bid)
        side = 2 if perp else 0
        bids = [(round(quote.bid - i * step, 12), i) for i in range(min(depth, LEVELS))]
        asks = [(round(quote.ask + i * step, 12), i) for i in range(min(depth, LEVELS))]
        sized_bids = tuple((price, self._size(entry, i, side, price, now)) for price, i in bids if price > 0)
        sized_asks = tuple((price, self._size(entry, i, side + 1, price, now)) for price, i in asks)
        total_bid, total_ask = math.fsum(size for _, size in sized_bids), math.fsum(size for _, size in sized_asks)
        return SimBook(sized_bids, sized_asks, total_bid, total_ask, now)

    def trades(self, base: str, perp: bool = False, count: int = 60) -> list[tuple[int, float, float, Side]]:
        """Recent trades (traded_ms, price, size, taker's side), newest first."""
        entry = self._entries.get(base)
        if entry is None or not entry.live or (perp and not entry.perp):
            return []
        slot_ms = 400
        newest = self._now_ms() // slot_ms
        found: list[tuple[int, float, float, Side]] = []
        for slot in range(newest - 1, newest - 1 - count, -1):
            at_ms = slot * slot_ms + mixed(self._seed, slot) % slot_ms
            bid, ask = self._best(self._mid(entry, at_ms))
            buying = self._roll(entry, slot) > 0.5
            size = self._size(entry, slot % 7, 4, bid, at_ms) / 15
            found.append((at_ms, ask if buying else bid, size, "buy" if buying else "sell"))
        return found

    def klines(self, base: str, unit_s: int, count: int, end_ms: int | None = None) -> list[SimCandle]:
        """Candles of the spot market, newest first, the forming one included; [] if it is not listed."""
        entry = self._entries.get(base)
        if entry is None or not entry.live:
            return []
        unit_ms = unit_s * 1000
        now = self._now_ms() if end_ms is None else end_ms
        newest_ms = now - now % unit_ms
        value = self._turnover(entry) * unit_ms / DAY_MS
        candles = []
        for open_ms in range(newest_ms, newest_ms - count * unit_ms, -unit_ms):
            last_ms = min(now, open_ms + unit_ms - 1)
            path = [self._best(self._mid(entry, open_ms + (last_ms - open_ms) * i // 4))[0] for i in range(5)]
            part = value * (last_ms + 1 - open_ms) / unit_ms * (0.5 + self._roll(entry, open_ms))
            candles.append(
                SimCandle(
                    open_ms, path[0], max(path), min(path), path[-1], part / path[0], part, 1 + unit_s // 2, last_ms
                )
            )
        return candles

    def currencies(self) -> list[SimCurrency]:
        """Transfer state, coin by coin and chain by chain."""
        return [self._currency(entry) for entry in self._entries.values()]

    def currency(self, base: str) -> SimCurrency | None:
        entry = self._entries.get(base)
        return self._currency(entry) if entry else None

    def _currency(self, entry: Entry) -> SimCurrency:
        coin = entry.coin
        networks = tuple(
            SimNetwork(
                network=network,
                deposit=entry.deposit,
                withdrawal=entry.withdrawal,
                withdraw_fee=_round_up(0.6 / coin.price),
                withdraw_min=_round_up(10.0 / coin.price),
                confirmations=confirmations(network),
                contract=contract_of(coin.base, network) if entry.contract is None else entry.contract,
            )
            for network in coin.networks
        )
        return SimCurrency(coin.base, coin.english_name, networks)

    def _mid(self, entry: Entry, at_ms: int) -> float:
        since = at_ms - self._start_ms
        own = 0.0003 * self._noise(entry.coin.base)(since)
        return self._fair(entry.coin.base)(since) * entry.factor * (1.0 + own)

    def _noise(self, name: str) -> Noise:
        if name not in self._noises:
            self._noises[name] = Noise(mixed(self._seed, text_seed(name)), ((5_000, 0.3), (300_000, 0.7)))
        return self._noises[name]

    def _best(self, mid: float) -> tuple[float, float]:
        step = _grid(mid)
        bid_steps = max(1, math.floor(mid * 0.9999 / step))
        ask_steps = max(bid_steps + 1, math.ceil(mid * 1.0001 / step))
        return round(bid_steps * step, 12), round(ask_steps * step, 12)

    def _range(self, entry: Entry, now: int) -> tuple[float, float, float]:
        """Opening, high and low of 24 h, as of the last minute's turn: the dearest part of a quote by far.

        Of the world's price, which every venue is asked for the same moments; what is this venue's own is 0.03 %.
        """
        turn = now - now % RANGE_MS
        fair = self._fair(entry.coin.base)
        key = turn, entry.factor, fair
        known = self._ranges.get(entry.coin.base)
        if known is None or known[0] != key:
            since = turn - DAY_MS - self._start_ms
            samples = [self._best(fair(since + DAY_MS * i // 12) * entry.factor)[0] for i in range(13)]
            known = self._ranges[entry.coin.base] = key, (samples[0], max(samples), min(samples))
        return known[1]

    def _turnover(self, entry: Entry) -> float:
        """24 h turnover in USDT: heavy-tailed, more for the majors."""
        base = entry.coin.base
        if base not in self._turnovers:
            roll = fixed(self._seed, text_seed(base), 2)
            world = 8e8 if base in MAJORS else 1.5e6 * 200 ** fixed(text_seed(base), 3)
            self._turnovers[base] = world * _SHARE.get(self.name, _OTHERS_SHARE) * (0.6 + 0.8 * roll)
        return self._turnovers[base]

    def _roll(self, entry: Entry, number: int) -> float:
        return unit(self._seed, text_seed(entry.coin.base), number)

    def _size(self, entry: Entry, level: int, side: int, price: float, at_ms: int) -> float:
        roll = unit(self._seed, text_seed(entry.coin.base), level, side, at_ms // 1_000 // (1 + level))
        notional = self._turnover(entry) / 40_000 * (0.3 + min(level, 30) * 0.15) * -math.log(1.0 - 0.98 * roll)
        return _round_up(notional / price)


def _grid(price: float) -> float:
    """A price step of about 1/20,000 of the price."""
    return float(f"1e{math.floor(math.log10(price)) - 4}")


def _round_up(size: float) -> float:
    """Sizes have at most four significant digits and are never zero."""
    return float(f"{max(size, 1e-8):.4g}")
