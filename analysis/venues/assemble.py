"""How the answers to several calls become one quote: a call that failed costs its own figures and no others. Pure."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from analysis.quotes import (
    Book,
    Candle,
    Figure,
    Instrument,
    NotListed,
    Perp,
    Quote,
    Run,
    Silent,
    Spot,
    Transfers,
    VenueAnswer,
    answer_of,
)

M = TypeVar("M", Spot, Perp)


class Ticker(Struct, frozen=True):
    """What a spot ticker tells, per coin."""

    last: Figure | None = None
    bid: Figure | None = None
    ask: Figure | None = None
    quote_volume_24h: Figure | None = None


class PerpTicker(Struct, frozen=True):
    """What one call tells of a perpetual, per coin; what it does not tell is None.

    `contract_size`: coins in one contract, where the call tells it.
    """

    mark: Figure | None = None
    index: Figure | None = None
    funding_rate: Figure | None = None
    funding_interval_h: Figure | None = None
    next_funding_ms: int | None = None
    pre_market: bool = False
    contract_size: float | None = None


class Part(Struct, Generic[M], frozen=True):
    """One market of a venue, and the reasons for what is missing in it."""

    market: M | NotListed | Silent
    missing: Mapping[str, str] = {}


def spot_part(
    instrument: Instrument, ticker: Ticker | NotListed | Silent, book: Book | NotListed | Silent
) -> Part[Spot]:
    """The spot market. It is listed if any call shows it, and not listed if none shows it and one says so.

    A market that the venue's list does not call live has figures that nobody can trade on: they are no answer. Where
    the list says that it has not opened yet, there is no such market so far.
    """
    if not instrument.live:
        return Part(NotListed() if instrument.pre_market else Silent("halted"))
    absent = _absent((ticker, book))
    if absent is not None:
        return Part(absent)
    market = Spot(instrument.symbol, multiplier=instrument.multiplier)
    if isinstance(ticker, Ticker):
        market = msgspec.structs.replace(market, **msgspec.structs.asdict(ticker))
    if isinstance(book, Book):
        market = msgspec.structs.replace(market, book=book)
    return Part(market, _missing({"spot.ticker": ticker, "spot.book": book}))


def perp_part(
    instrument: Instrument, tickers: Mapping[str, PerpTicker | NotListed | Silent], book: Book | NotListed | Silent
) -> Part[Perp]:
    """The perpetual, from one or more calls of different content, by the name of what each should have told."""
    absent = _absent((*tickers.values(), book))
    if absent is not None:
        return Part(absent)
    told: dict[str, object] = {}
    pre_market = instrument.pre_market or not instrument.live
    for ticker in tickers.values():
        if isinstance(ticker, PerpTicker):
            told |= {name: value for name, value in msgspec.structs.asdict(ticker).items() if value is not None}
            pre_market = pre_market or ticker.pre_market
    told.pop("contract_size", None)
    market = Perp(instrument.symbol, multiplier=instrument.multiplier)
    market = msgspec.structs.replace(market, **{**told, "pre_market": pre_market})
    if isinstance(book, Book):
        market = msgspec.structs.replace(market, book=book)
    return Part(market, _missing({**{f"perp.{name}": ticker for name, ticker in tickers.items()}, "perp.book": book}))


class Unit(Struct, frozen=True):
    """What turns the wire's numbers into those of one coin in USDT: prices are divided, sizes multiplied.

    `dollars` is the price of a USDT where the market is quoted in USD, else 1; it divides quote volumes as well.
    """

    price: float = 1.0
    size: float = 1.0
    dollars: float = 1.0


def unit_of(instrument: Instrument, contract_size: float = 1.0, dollars: float = 1.0) -> Unit:
    """A contract holds `contract_size` listed units, and a listed unit `multiplier` coins."""
    return Unit(instrument.multiplier * dollars, instrument.multiplier * contract_size, dollars)


def ticker_in(unit: Unit, ticker: Ticker) -> Ticker:
    """The same ticker, per coin and in USDT."""
    return Ticker(
        last=_divided(ticker.last, unit.price),
        bid=_divided(ticker.bid, unit.price),
        ask=_divided(ticker.ask, unit.price),
        quote_volume_24h=_divided(ticker.quote_volume_24h, unit.dollars),
    )


def perp_ticker_in(unit: Unit, ticker: PerpTicker) -> PerpTicker:
    """The same; rates, intervals and times are of no unit."""
    mark, index = _divided(ticker.mark, unit.price), _divided(ticker.index, unit.price)
    return msgspec.structs.replace(ticker, mark=mark, index=index)


def book_in(unit: Unit, book: Book) -> Book:
    """The same book, per coin and in USDT; itself where it was so, as most are: it has hundreds of rows."""
    if unit.price == unit.size == 1.0:
        return book
    return book.per_coin(unit.price, unit.size)


def candles_in(unit: Unit, candles: Iterable[Candle]) -> list[Candle]:
    """The same candles, per coin and in USDT."""
    return [
        Candle(
            candle.open_ms,
            candle.open / unit.price,
            candle.high / unit.price,
            candle.low / unit.price,
            candle.close / unit.price,
            candle.quote_volume / unit.dollars,
        )
        for candle in candles
    ]


def _divided(figure: Figure | None, by: float) -> Figure | None:
    return figure if figure is None or by == 1.0 else msgspec.structs.replace(figure, value=figure.value / by)


def first_listed(parts: Iterable[Part[M]]) -> Part[M]:
    """The first market that is listed; else a silence, since that spelling may be the listed one; else not listed."""
    parts = list(parts)
    for part in parts:
        if not isinstance(part.market, NotListed | Silent):
            return part
    return next((part for part in parts if isinstance(part.market, Silent)), Part(NotListed()))


def spellings(base: str, *thousands: str) -> list[Instrument]:
    """Under which symbols to ask for a coin that is in no list: the plain one, and those of 1,000."""
    return [Instrument(f"{base}USDT", base), *(Instrument(symbol, base, multiplier=1_000) for symbol in thousands)]


def with_interval(part: Part[Perp], hours: Mapping[str, Figure] | Silent, default_h: float) -> Part[Perp]:
    """The same perpetual with its funding interval: as told, else the listed one, else the venue's default."""
    if not isinstance(part.market, Perp) or part.market.funding_interval_h is not None:
        return part
    if isinstance(hours, Silent):
        return Part(part.market, {**part.missing, "perp.funding_interval": hours.reason})
    interval = hours.get(part.market.symbol)
    if interval is None and part.market.mark is not None:
        interval = Figure(default_h, f"{part.market.mark.source} (the default)", part.market.mark.taken_ms)
    return Part(msgspec.structs.replace(part.market, funding_interval_h=interval), part.missing)


def venue_answer(
    venue: str,
    base: str,
    spot: Part[Spot],
    perp: Part[Perp],
    transfers: Transfers | NotListed | Silent,
    now_ms: int,
) -> VenueAnswer:
    """The whole answer of one venue; whole markets that are silent are named in `missing` too."""
    missing = {**spot.missing, **perp.missing, **_missing({"spot": spot.market, "perp": perp.market})}
    missing |= _missing({"transfers": transfers})
    return answer_of(Quote(venue, base, now_ms, spot.market, perp.market, transfers, missing))


def run_of(
    venue: str, candles: Iterable[Candle], published_ms: int, resolution_s: int, source: str, now_ms: int
) -> Run | Silent:
    """The run since a publication; silent without a candle since then."""
    since = published_ms - published_ms % (resolution_s * 1000)
    after = sorted((candle for candle in candles if candle.open_ms >= since), key=lambda candle: candle.open_ms)
    if not after:
        return Silent("no candle since the publication")
    return Run(
        venue=venue,
        published_ms=published_ms,
        at_publication=after[0].open if after[0].open_ms == since else None,
        now=after[-1].close,
        high=max(candle.high for candle in after),
        quote_volume=sum(candle.quote_volume for candle in after),
        resolution_s=resolution_s,
        source=source,
        taken_ms=now_ms,
    )


def resolution_for(span_ms: int, most: int, resolutions_s: tuple[int, ...] = (60, 300, 900, 3_600)) -> int:
    """The finest candles of which `most` cover the span."""
    return next((unit for unit in resolutions_s if span_ms // (unit * 1000) + 2 <= most), resolutions_s[-1])


def _absent(answers: Iterable[object]) -> NotListed | Silent | None:
    """Not listed, or silent, if no call showed the market."""
    answers = list(answers)
    if any(not isinstance(answer, NotListed | Silent) for answer in answers):
        return None
    if any(isinstance(answer, NotListed) for answer in answers):
        return NotListed()
    return Silent("; ".join(dict.fromkeys(answer.reason for answer in answers if isinstance(answer, Silent))))


def _missing(answers: Mapping[str, object]) -> dict[str, str]:
    """Reasons, by name, for what did not come."""
    return {name: answer.reason for name, answer in answers.items() if isinstance(answer, Silent)}
