"""Prices as functions of time: any moment, past or future, can be asked, in any order, and always answers the same.

Time here is `at_ms`, milliseconds since the start of the simulation (negative before it), so that the same seed tells
the same story whenever it is started. A path is value noise: random values on grids of several spacings, interpolated.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Path = Callable[[int], float]

KRW_PER_USD = 1_400.0
MARKET_PREMIUM = {"upbit": 0.008, "bithumb": 0.007}  # the whole market's premium, at rest

# (grid in ms, amplitude of the log price): together about 3 % a day and 0.1 % a minute.
OCTAVES: tuple[tuple[int, float], ...] = (
    (2 * SECOND_MS, 0.00012),
    (15 * SECOND_MS, 0.0004),
    (2 * MINUTE_MS, 0.0012),
    (20 * MINUTE_MS, 0.003),
    (4 * HOUR_MS, 0.01),
    (2 * DAY_MS, 0.03),
    (20 * DAY_MS, 0.12),
    (150 * DAY_MS, 0.3),
)
SLOW_OCTAVES: tuple[tuple[int, float], ...] = ((5 * MINUTE_MS, 0.25), (3 * HOUR_MS, 0.5), (3 * DAY_MS, 1.0))

_MASK = (1 << 64) - 1


def mixed(*parts: int) -> int:
    """64 well-mixed bits of these integers (splitmix64), the same on every machine and in every run."""
    z = 0x9E3779B97F4A7C15
    for part in parts:
        z = (z ^ (part & _MASK)) & _MASK
        z = (z + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        z ^= z >> 31
    return z


@lru_cache(maxsize=4_096)
def text_seed(text: str) -> int:
    """A number for a name; `hash()` would change from run to run."""
    return mixed(*text.encode())


def unit(*parts: int) -> float:
    """A fixed random number in [0, 1) for these integers."""
    return mixed(*parts) / 2**64


@lru_cache(maxsize=32_768)
def fixed(*parts: int) -> float:
    """The same as `unit`, remembered: for what is asked again and again, not for what is asked of each moment."""
    return unit(*parts)


@lru_cache(maxsize=65_536)
def _corner(seed: int, cell: int) -> float:
    """The random value in [-1, 1) where a cell begins: the end of one cell is the beginning of the next."""
    return 2.0 * unit(seed, cell) - 1.0


class _Octave:
    """Random values on one grid, smoothly interpolated; the present cell is remembered."""

    __slots__ = ("amplitude", "cell", "grid", "left", "right", "seed")

    def __init__(self, grid: int, amplitude: float, seed: int) -> None:
        self.grid = grid
        self.amplitude = amplitude
        self.seed = seed
        self.move_to(0)

    def move_to(self, cell: int) -> None:
        self.cell = cell
        self.left = _corner(self.seed, cell)
        self.right = _corner(self.seed, cell + 1)


class Noise:
    """A smooth random curve around zero: `curve(at_ms)`."""

    def __init__(self, seed: int, octaves: Sequence[tuple[int, float]] = OCTAVES, scale: float = 1.0) -> None:
        self._octaves = [
            _Octave(grid, amplitude * scale, mixed(seed, number)) for number, (grid, amplitude) in enumerate(octaves)
        ]

    def __call__(self, at_ms: int) -> float:
        total = 0.0
        for octave in self._octaves:
            cell, offset = divmod(at_ms, octave.grid)
            if cell != octave.cell:
                octave.move_to(cell)
            x = offset / octave.grid
            total += octave.amplitude * (octave.left + (octave.right - octave.left) * x * x * (3.0 - 2.0 * x))
        return total


def fair_price(seed: int, base: str, start_price: float, volatility: float) -> Path:
    """The world's price of one coin in USDT: near `start_price` at the start of the simulation."""
    noise = Noise(mixed(seed, text_seed(base)), scale=volatility)
    at_start = noise(0)
    return lambda at_ms: start_price * math.exp(noise(at_ms) - at_start)


def krw_per_usdt(seed: int, exchange: str) -> Path:
    """What one USDT costs in KRW at this exchange: the bank's rate and the market's premium."""
    bank = bank_rate(seed)
    shared = Noise(mixed(seed, 71), SLOW_OCTAVES, scale=0.004)  # both exchanges move together
    own = Noise(mixed(seed, text_seed(exchange)), SLOW_OCTAVES, scale=0.0006)
    rest = MARKET_PREMIUM[exchange]
    return lambda at_ms: bank(at_ms) * (1.0 + rest + shared(at_ms) + own(at_ms))


def bank_rate(seed: int) -> Path:
    """KRW per USD at the bank."""
    noise = Noise(mixed(seed, 70), SLOW_OCTAVES, scale=0.003)
    at_start = noise(0)
    return lambda at_ms: KRW_PER_USD * math.exp(noise(at_ms) - at_start)


# (lowest price, tick, decimals), highest band first.
# Upbit: policy of 2025-07-31 (docs.upbit.com/kr/docs/krw-market-info).
Bands = tuple[tuple[float, float, int], ...]


def _decades(highest: int, lowest: int, below: int) -> Bands:
    """Bands that start at each power of ten, with ticks `below` decades finer; the last one reaches down to zero."""
    bands = [(10.0**n, float(f"1e{n - below}"), max(0, below - n)) for n in range(highest, lowest, -1)]
    return (*bands, (0.0, float(f"1e{lowest - below}"), max(0, below - lowest)))


_KRW_HIGH: Bands = tuple(
    (lowest, tick, 0)
    for lowest, tick in ((1e6, 1e3), (5e5, 500.0), (1e5, 100.0), (5e4, 50.0), (1e4, 10.0), (5e3, 5.0), (1e3, 1.0))
)
_UPBIT_KRW = (*_KRW_HIGH, *_decades(2, -6, 2))  # 100: 1, 10: 0.1, … 0.000001: 0.00000001
# Bithumb publishes no table; below 1,000 these bands are those seen in its data, with low confidence.
_BITHUMB_KRW = (*_KRW_HIGH, *_decades(2, -5, 3))  # 100: 0.1, 10: 0.01, 1: 0.001, …
_USDT = _decades(1, -5, 3)  # 10: 0.01, 1: 0.001, …
_BTC: Bands = ((0.0, 1e-8, 8),)


class Ticks:
    """The price grid of one market."""

    def __init__(self, exchange: str, quote: str) -> None:
        krw = _UPBIT_KRW if exchange == "upbit" else _BITHUMB_KRW
        bands = {"KRW": krw, "USDT": _USDT, "BTC": _BTC}[quote]
        self._bands = bands[::-1]
        self._bounds = [lowest for lowest, _, _ in self._bands]

    def at(self, price: float) -> tuple[float, int]:
        """The tick that applies to this price, and the decimals that it needs."""
        _, tick, decimals = self._bands[max(0, bisect_right(self._bounds, price) - 1)]
        return tick, decimals

    def snapped(self, price: float) -> float:
        """The nearest price on the grid, at least one tick above zero."""
        tick, decimals = self.at(price)
        return round(max(1, round(price / tick)) * tick, decimals)
