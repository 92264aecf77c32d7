"""Rows to the columns that charts draw: premiums over time, one listing second by second. Pure; None is unknown."""

from collections.abc import Sequence

from msgspec import Struct

from analysis.outcome import Second, samples_of
from analysis.premium import excess
from analysis.price_row import ListingPrice
from store.readings.around_listing import Blind, KrwMarket, Point
from store.readings.premiums import CoinNow, CoinPoint, Rates


class PremiumSeries(Struct, frozen=True):
    """Columns of one length, in bps. `…_bps` against the bank's rate, `…_excess_bps` against the market's own."""

    at_ms: list[int]
    market_bps: list[float | None]
    krw_per_usdt: list[float | None]
    krw_per_usd: list[float | None]
    upbit_bps: list[float | None]
    bithumb_bps: list[float | None]
    upbit_excess_bps: list[float | None]
    bithumb_excess_bps: list[float | None]


class CoinPremium(Struct, frozen=True):
    """A coin now: KRW prices, the world's price, and both premiums on each exchange, in bps."""

    base: str
    upbit_krw: float | None
    bithumb_krw: float | None
    price_usdt: float
    volume_24h_usdt: float | None
    venues: tuple[str, ...]
    upbit_bps: float | None
    bithumb_bps: float | None
    upbit_excess_bps: float | None
    bithumb_excess_bps: float | None


class MarketSeries(Struct, frozen=True):
    """One market around a listing, in columns; premiums by the looks of the time, for the listing's own market only."""

    exchange: str
    code: str
    at_ms: list[int]
    low: list[float]
    high: list[float]
    close: list[float]
    volume_krw: list[float]
    trades: list[int]
    premium_bps: list[float | None]
    excess_bps: list[float | None]
    gaps: list[Blind]


def real_rate(rates: Rates) -> float | None:
    """KRW per USDT as the bank and the dollar price of a USDT make it."""
    if rates.krw_per_usd is None or rates.usdt_usd is None:
        return None
    return rates.krw_per_usd * rates.usdt_usd


def bps(krw: float | None, usdt: float | None, rate: float | None) -> float | None:
    exact = excess(krw, usdt, rate)
    return None if exact is None else round(float(exact), 2)


def premiums(rates: Sequence[Rates], coin: Sequence[CoinPoint] | None) -> PremiumSeries:
    """The market's premium, and a coin's where one is asked for; both for the same moments."""
    points = coin if coin is not None else [CoinPoint(each.at_ms, None, None, None) for each in rates]
    pairs = list(zip(rates, points, strict=True))
    return PremiumSeries(
        at_ms=[rate.at_ms for rate in rates],
        market_bps=[bps(rate.krw_per_usdt, 1.0, real_rate(rate)) for rate in rates],
        krw_per_usdt=[rate.krw_per_usdt for rate in rates],
        krw_per_usd=[rate.krw_per_usd for rate in rates],
        upbit_bps=[bps(point.upbit_krw, point.price_usdt, real_rate(rate)) for rate, point in pairs],
        bithumb_bps=[bps(point.bithumb_krw, point.price_usdt, real_rate(rate)) for rate, point in pairs],
        upbit_excess_bps=[bps(point.upbit_krw, point.price_usdt, rate.krw_per_usdt) for rate, point in pairs],
        bithumb_excess_bps=[bps(point.bithumb_krw, point.price_usdt, rate.krw_per_usdt) for rate, point in pairs],
    )


def coin_premiums(coins: Sequence[CoinNow], rates: Rates) -> list[CoinPremium]:
    real = real_rate(rates)
    return [
        CoinPremium(
            *(each.base, each.upbit_krw, each.bithumb_krw, each.price_usdt, each.volume_24h_usdt, each.venues),
            *(bps(each.upbit_krw, each.price_usdt, real), bps(each.bithumb_krw, each.price_usdt, real)),
            bps(each.upbit_krw, each.price_usdt, rates.krw_per_usdt),
            bps(each.bithumb_krw, each.price_usdt, rates.krw_per_usdt),
        )
        for each in coins
    ]


def market_series(
    market: KrwMarket, points: Sequence[Point], looks: Sequence[ListingPrice], gaps: list[Blind]
) -> MarketSeries:
    """Each point's close is held against the latest look near it; without looks there is no premium."""
    seconds = [Second(point.at_ms, point.close, point.volume_krw) for point in points]
    near = {sample.at_ms: sample for sample in samples_of(looks, seconds)[len(looks) :]}
    samples = [near.get(point.at_ms) for point in points]
    return MarketSeries(
        exchange=market.exchange,
        code=market.code,
        at_ms=[point.at_ms for point in points],
        low=[point.low for point in points],
        high=[point.high for point in points],
        close=[point.close for point in points],
        volume_krw=[point.volume_krw for point in points],
        trades=[point.trades for point in points],
        premium_bps=[None if sample is None else sample.premium_bps for sample in samples],
        excess_bps=[None if sample is None else sample.excess_bps for sample in samples],
        gaps=gaps,
    )
