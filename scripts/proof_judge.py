"""Every stored second of every market against `/sim/truth`, for the proof.

A second is *equal* (stored as the trades of the truth make it, or rightly empty), a *gap* (touched by a row of `gaps`
that is not healed), or *wrong*.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scripts.proof_pair import Both

EXCHANGES = ("upbit", "bithumb")
SECOND_MS = 1_000
SLICE_MS = 60_000


class Opening(NamedTuple):
    """A coin listed on one exchange: announced `at_s` after the recording began, traded `in_s` later."""

    at_s: float
    exchange: str
    base: str
    in_s: float = 45.0


class Candle(NamedTuple):
    """What one second must hold."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: int


class Verdict(NamedTuple):
    """Counts of market-seconds. `healed` are those of `equal` that a healed gap touches; `wrong` names each.

    `open_gaps` are the closed ones that began in the judged span and are not healed; none of them may be Upbit's and
    still wait. `mended` names each second that was wrong until the audit had been there. `firsts` says of each staged
    listing whether its first trade was stored as it was.
    """

    compared: int
    equal: int
    gap: int
    healed: int
    wrong: tuple[str, ...]
    open_gaps: tuple[str, ...]
    firsts: tuple[tuple[str, bool], ...] = ()
    mended: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        waiting = any(each.startswith("upbit ") and each.endswith(": open ") for each in self.open_gaps)
        return not self.wrong and self.equal > 0 and not waiting and all(told for _, told in self.firsts)


async def judge(both: Both, from_ms: int, to_ms: int, openings: Sequence[Opening] = ()) -> Verdict:
    """Every second of [from_ms, to_ms) of every recorded market, against the truth; and each opening's first trade."""
    gaps = [
        (exchange, code, begins, ends, state, source)
        for exchange, code, begins, ends, state, source in both.rows(
            "SELECT g.exchange, m.code, g.from_ms, g.to_ms, g.state, g.source"
            " FROM gaps AS g LEFT JOIN markets AS m ON m.id = g.market_id"
        )
    ]
    compared = equal = missed = healed = 0
    wrong: list[str] = []
    for exchange in EXCHANGES:
        codes = [code for (code,) in both.rows("SELECT code FROM markets WHERE exchange = ?", exchange)]
        blind, mended, roughly = _touched(gaps, exchange, codes)
        for begins in range(from_ms, to_ms, SLICE_MS):
            ends = min(to_ms, begins + SLICE_MS)
            told = await both.get("/sim/truth", exchange=exchange, from_ms=begins, to_ms=ends)
            truth = {
                (code, open_ms): candle
                for code in codes
                for open_ms, candle in seconds_of(told.get(code, ()), exchange)
            }
            stored = _stored(both, exchange, begins, ends)
            for code in codes:
                for second_ms in range(begins, ends, SECOND_MS):
                    if second_ms in blind[code]:
                        missed += 1
                        continue
                    compared += 1
                    true, ours = truth.get((code, second_ms)), stored.get((code, second_ms))
                    if same(ours, true) or (second_ms in roughly[code] and _alike(ours, true)):
                        equal += 1
                        healed += second_ms in mended[code]
                    else:
                        wrong.append(f"{exchange} {code} {second_ms}: stored {ours}, true {true}")
    left = [
        f"{exchange} {code or 'all'} {begins}–{ends}: {state} {source or ''}"
        for exchange, code, begins, ends, state, source in gaps
        if state != "healed" and ends is not None and begins < to_ms
    ]
    firsts = [(f"{each.exchange} {each.base}", await _opened_right(both, each)) for each in openings]
    return Verdict(compared, equal, missed, healed, tuple(wrong), tuple(left), tuple(firsts))


async def _opened_right(both: Both, opening: Opening) -> bool:
    """Whether the second of a coin's very first trade is the first one stored of it, and as it was."""
    exchange, code = opening.exchange, f"KRW-{opening.base}"
    begins = (await both.get("/sim/truth", exchange=exchange, market=code))[0]["traded_ms"]
    begins -= begins % SECOND_MS
    trades = await both.get("/sim/truth", exchange=exchange, market=code, from_ms=begins, to_ms=begins + SECOND_MS)
    ((_, true),) = seconds_of(trades, exchange)
    stored = {
        open_ms: ours for (of, open_ms), ours in _stored(both, exchange, begins - SLICE_MS, 2**62).items() if of == code
    }
    ours = stored.get(begins)
    return min(stored, default=0) == begins and (same(ours, true) or (exchange == "bithumb" and _alike(ours, true)))


def _touched(
    gaps: Sequence[tuple[Any, ...]], exchange: str, codes: Sequence[str]
) -> tuple[dict[str, set[int]], dict[str, set[int]], dict[str, set[int]]]:
    """The seconds of each market that gaps touch: not healed, healed, and healed only roughly."""
    blind: dict[str, set[int]] = {code: set() for code in codes}
    healed: dict[str, set[int]] = {code: set() for code in codes}
    roughly: dict[str, set[int]] = {code: set() for code in codes}
    for of, code, begins, ends, state, source in gaps:
        if of != exchange:
            continue
        last_ms = (begins + 86_400_000) if ends is None else ends
        span = range(begins - begins % SECOND_MS, last_ms, SECOND_MS)
        for each in codes if code is None else [code]:
            (healed if state == "healed" else blind)[each].update(span)
            if state == "healed" and "approximate" in (source or ""):
                roughly[each].update(span)
    return blind, healed, roughly


def _stored(both: Both, exchange: str, from_ms: int, to_ms: int) -> dict[tuple[str, int], Candle]:
    rows = both.rows(
        "SELECT m.code, c.open_ms, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades"
        " FROM candles_1s AS c JOIN markets AS m ON m.id = c.market_id"
        " WHERE m.exchange = ? AND c.open_ms >= ? AND c.open_ms < ?",
        *(exchange, from_ms, to_ms),
    )
    return {(code, open_ms): Candle(*values) for code, open_ms, *values in rows}


def seconds_of(trades: Sequence[Mapping[str, Any]], exchange: str) -> Iterator[tuple[int, Candle]]:
    """The seconds that these trades make, as the contract orders them: by time, then by Upbit's id."""
    ordered = sorted(trades, key=lambda t: (t["traded_ms"], t["id"] if exchange == "upbit" else 0))
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for trade in ordered:
        groups.setdefault(trade["traded_ms"] - trade["traded_ms"] % SECOND_MS, []).append(trade)
    for open_ms, group in groups.items():
        prices = [trade["price"] for trade in group]
        volume = math.fsum(trade["volume"] for trade in group)
        value = math.fsum(trade["price"] * trade["volume"] for trade in group)
        yield open_ms, Candle(prices[0], max(prices), min(prices), prices[-1], volume, value, len(group))


def same(ours: Candle | None, true: Candle | None) -> bool:
    """Prices and counts exactly, sums within 1e-9."""
    if ours is None or true is None:
        return ours is true
    exact = (*ours[:4], ours.trades) == (*true[:4], true.trades)
    return exact and _close(ours.volume, true.volume) and _close(ours.quote_volume, true.quote_volume)


def _alike(ours: Candle | None, true: Candle | None) -> bool:
    """The same but for open and close, whose order inside a millisecond is not told."""
    return ours is not None and true is not None and same(ours._replace(open=true.open, close=true.close), true)


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9)
