"""Who lives in the world of a seed: which coins each Korean exchange lists, and how busy each market is."""

import math
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from simulator.world.prices import SLOW_OCTAVES, Noise, Path, mixed, text_seed, unit
from simulator.world.universe import ALWAYS_LISTED, Coin, invented_bases, invented_coin, known_coins
from simulator.world.values import SimMarket

UPBIT_SHARE = 3 / 7  # of the KRW markets
RANK_EXPONENT = 1.15  # the busiest market has a fifth of all trades, the hundredth a thousandth of that
QUIET_SHARE = 0.06  # of the markets, at the end of the ranking, trade a few times an hour
QUIET_RATE_HZ = 1 / 600
TRADES_PER_CLUSTER = 1.29  # follows from market.CLUSTER_ODDS
MINOR_QUOTES = {
    "upbit": ("BTC-ETH", "BTC-XRP", "BTC-SOL", "BTC-LINK", "USDT-BTC", "USDT-ETH", "USDT-XRP", "USDT-SOL", "USDT-DOGE"),
    "bithumb": ("BTC-ETH", "BTC-XRP", "BTC-USDC"),
}
MINOR_RATE_HZ = 0.05
NOTIONALS = {"KRW": 180_000.0, "USDT": 130.0, "BTC": 0.0014}  # of a typical trade
UPBIT_CAUTIONS = (
    "PRICE_FLUCTUATIONS",
    "TRADING_VOLUME_SOARING",
    "DEPOSIT_AMOUNT_SOARING",
    "GLOBAL_PRICE_DIFFERENCES",
    "CONCENTRATION_OF_SMALL_ACCOUNTS",
)


class Planned(Struct, frozen=True):
    """A market that exists from the start; `rate` counts clusters of trades a second."""

    listed: SimMarket
    rate: float
    spread_bps: float


class Population:
    """`coins` by ticker, `markets` in a fixed order. Both follow from the three arguments alone."""

    def __init__(self, seed: int, krw_markets: int, rate: float) -> None:
        self._seed = seed
        upbit = max(1, round(krw_markets * UPBIT_SHARE))
        counts = {"upbit": upbit, "bithumb": max(1, krw_markets - upbit)}
        coins = known_coins()
        invented = invented_bases(max(0, math.ceil(max(counts.values()) * 1.1) - len(coins)), {c.base for c in coins})
        coins += [invented_coin(seed, base) for base in invented]
        self.coins = {coin.base: coin for coin in coins}
        chosen = {exchange: self._chosen(exchange, count, coins) for exchange, count in counts.items()}
        self._listed = chosen
        self.markets = self._planned(chosen, rate / TRADES_PER_CLUSTER)

    def coins_of(self, exchange: str) -> list[Coin]:
        return self._listed[exchange]

    def suspended(self, exchange: str, base: str) -> bool:
        """Whether the wallets of this coin happen to be closed: a few are, at any time."""
        return base not in ALWAYS_LISTED and unit(self._seed, text_seed(exchange), text_seed(base), 5) < 0.04

    def own_premium(self, exchange: str, base: str) -> Path:
        """How far this market strays from its exchange's premium: some hundredths of a percent."""
        return Noise(mixed(self._seed, text_seed(exchange), text_seed(base)), SLOW_OCTAVES, scale=0.0005)

    def notional(self, quote: str) -> float:
        return NOTIONALS[quote]

    def _chosen(self, exchange: str, count: int, coins: list[Coin]) -> list[Coin]:
        """The famous ones, and `count` in all; both exchanges draw from the same coins, so most are common."""
        order = sorted(
            coins,
            key=lambda coin: (
                coin.base not in ALWAYS_LISTED,
                ALWAYS_LISTED.index(coin.base) if coin.base in ALWAYS_LISTED else 0,
                self._rank(coin, coins) * (0.7 + 0.6 * unit(self._seed, text_seed(exchange), text_seed(coin.base))),
            ),
        )
        taken = {coin.base for coin in order[:count]}
        return [coin for coin in coins if coin.base in taken]

    def _rank(self, coin: Coin, coins: list[Coin]) -> float:
        return 10.0 + coins.index(coin)

    def _planned(self, chosen: dict[str, list[Coin]], clusters_hz: float) -> list[Planned]:
        krw = [(exchange, coin) for exchange, coins in chosen.items() for coin in coins]
        ranks = {
            (exchange, coin.base): rank * (0.5 + unit(self._seed, text_seed(coin.base), 6)) + (exchange == "bithumb")
            for exchange, coins in chosen.items()
            for rank, coin in enumerate(coins, 1)
        }
        quietest = set(sorted(ranks, key=lambda key: -ranks[key])[: int(len(ranks) * QUIET_SHARE)])
        weights = {
            key: (1.0 if key[0] == "upbit" else 0.6) * rank**-RANK_EXPONENT
            for key, rank in ranks.items()
            if key not in quietest
        }
        minor = {exchange: self._minor(exchange, coins) for exchange, coins in chosen.items()}
        minor_hz = min(MINOR_RATE_HZ, clusters_hz / 100)
        scale = max(0.0, clusters_hz - minor_hz * sum(map(len, minor.values()))) / sum(weights.values())
        planned = [
            self._market(exchange, coin, "KRW", weights.get((exchange, coin.base), 0.0) * scale or QUIET_RATE_HZ)
            for exchange, coin in krw
        ]
        planned += [
            self._market(exchange, coin, quote, minor_hz) for exchange in chosen for quote, coin in minor[exchange]
        ]
        return planned

    def _minor(self, exchange: str, coins: Iterable[Coin]) -> list[tuple[str, Coin]]:
        listed = {coin.base for coin in coins}
        pairs = (code.split("-") for code in MINOR_QUOTES[exchange])
        return [(quote, self.coins[base]) for quote, base in pairs if base in listed]

    def _market(self, exchange: str, coin: Coin, quote: str, rate_hz: float) -> Planned:
        roll = unit(self._seed, text_seed(exchange), text_seed(coin.base), text_seed(quote))
        warned = coin.base not in ALWAYS_LISTED and roll < 0.03
        cautious = coin.base not in ALWAYS_LISTED and 0.9 < roll < 0.96
        listed = SimMarket(
            exchange=exchange,
            code=f"{quote}-{coin.base}",
            base=coin.base,
            quote=quote,
            korean_name=coin.korean_name,
            english_name=coin.english_name,
            warning=warned,
            cautions=frozenset({UPBIT_CAUTIONS[int(roll * 1e6) % len(UPBIT_CAUTIONS)]}) if cautious else frozenset(),
        )
        spread_bps = 2.0 + 8.0 * min(1.0, 0.05 / rate_hz) + (20.0 if quote == "BTC" else 0.0)
        return Planned(listed, rate_hz, spread_bps)


@lru_cache(maxsize=8)
def populated(seed: int, krw_markets: int, rate: float) -> Population:
    """The population of these three, made once: worlds that come after each other share it."""
    return Population(seed, krw_markets, rate)
