"""OKX's rows: simulated values in, JSON values out, every one of them text (docs-v5, 2026-05 to 2026-07).

An instrument that is listed but not open is `preopen`; most of its fields, and its ticker's prices, are empty texts
(for instruments documented; for tickers assumed). Swaps are sized in contracts of `contract_size` coins.
"""

import math

from simulator.abroad.venue_wire import network_as, step_of, text
from simulator.world.prices import HOUR_MS
from simulator.world.values import Level, SimBook, SimCandle, SimCurrency, SimPerp, SimQuote

Row = dict[str, object]
_BLANK = (
    *("alias", "auctionEndTime", "baseCcy", "category", "contTdSwTime", "ctMult", "ctType", "ctVal", "ctValCcy"),
    *("expTime", "instFamily", "lever", "listTime", "lotSz", "maxIcebergSz", "maxLmtAmt", "maxLmtSz", "maxMktAmt"),
    *("maxMktSz", "maxStopSz", "maxTriggerSz", "maxTwapSz", "minSz", "openType", "optType", "preMktSwTime", "quoteCcy"),
    *("ruleType", "settleCcy", "stk", "tickSz", "uly"),
)
_BIG = dict.fromkeys(
    (
        *("maxIcebergSz", "maxLmtAmt", "maxLmtSz", "maxMktAmt"),
        *("maxMktSz", "maxStopSz", "maxTriggerSz", "maxTwapSz"),
    ),
    "9999999999",
)


def contract_size(start_price: float) -> float:
    """Coins in one contract: a power of ten that was worth 10 to 1,000 USDT or so when the swap was listed."""
    return float(f"1e{math.floor(math.log10(1_000 / start_price))}")


def spot_id(base: str) -> str:
    return f"{base}-USDT"


def swap_id(base: str) -> str:
    return f"{base}-USDT-SWAP"


def spot_instrument(quote: SimQuote, list_ms: int) -> Row:
    row: Row = {"instType": "SPOT", "instId": spot_id(quote.base), "instCategory": "1", "groupId": "1"}
    row |= dict.fromkeys(_BLANK, "") | {"tradeQuoteCcyList": ["USDT"]}
    if not quote.live:
        return row | {"state": "preopen", "ruleType": "normal", "openType": "call_auction"}
    return row | {
        **_BIG,
        "baseCcy": quote.base,
        "quoteCcy": "USDT",
        "category": "1",
        "listTime": str(list_ms),
        "tickSz": text(step_of(quote.bid)),
        "lotSz": "0.000001",
        "minSz": "0.0001",
        "ruleType": "normal",
        "state": "live",
    }


def swap_instrument(perp: SimPerp, size: float, list_ms: int) -> Row:
    row: Row = {"instType": "SWAP", "instId": swap_id(perp.base), "instCategory": "1", "groupId": "4"}
    row |= dict.fromkeys(_BLANK, "") | {"tradeQuoteCcyList": []}
    if not perp.live:
        return row | {"state": "preopen", "ruleType": "normal"}
    return row | {
        **_BIG,
        "category": "1",
        "ctMult": "1",
        "ctType": "linear",
        "ctVal": text(size),
        "ctValCcy": perp.base,
        "instFamily": f"{perp.base}-USDT",
        "lever": "50",
        "listTime": str(list_ms),
        "tickSz": text(step_of(perp.mark)),
        "lotSz": "0.01",
        "minSz": "0.01",
        "ruleType": "normal",
        "settleCcy": "USDT",
        "state": "live",
        "uly": f"{perp.base}-USDT",
    }


def inverse_instrument(base: str, list_ms: int) -> Row:
    """A coin-margined swap: it stands in the same list, is worth 100 USD a contract, and is no hedge of ours."""
    row: Row = {"instType": "SWAP", "instId": f"{base}-USD-SWAP", "instCategory": "1", "groupId": "4"}
    return row | dict.fromkeys(_BLANK, "") | {
        **_BIG,
        "category": "1",
        "ctMult": "1",
        "ctType": "inverse",
        "ctVal": "100" if base == "BTC" else "10",
        "ctValCcy": "USD",
        "instFamily": f"{base}-USD",
        "lever": "100",
        "listTime": str(list_ms),
        "tickSz": "0.1",
        "lotSz": "1",
        "minSz": "1",
        "ruleType": "normal",
        "settleCcy": base,
        "state": "live",
        "uly": f"{base}-USD",
        "tradeQuoteCcyList": [],
    }  # fmt: skip


def spot_ticker(quote: SimQuote) -> Row:
    """`volCcy24h` of a spot market is in quote units."""
    shown = (
        ("last", quote.last), ("lastSz", quote.last_size), ("askPx", quote.ask), ("askSz", quote.ask_size),
        ("bidPx", quote.bid), ("bidSz", quote.bid_size), ("open24h", quote.open_24h), ("high24h", quote.high_24h),
        ("low24h", quote.low_24h), ("volCcy24h", quote.value_24h), ("vol24h", quote.volume_24h),
        ("sodUtc0", quote.open_24h), ("sodUtc8", quote.open_24h),
    )  # fmt: skip
    return _ticker("SPOT", spot_id(quote.base), shown, quote.live, quote.taken_ms)


def swap_ticker(perp: SimPerp, size: float) -> Row:
    """`vol24h` of a swap is in contracts, `volCcy24h` in coins."""
    shown = (
        ("last", perp.last), ("lastSz", perp.bid_size / size), ("askPx", perp.ask), ("askSz", perp.ask_size / size),
        ("bidPx", perp.bid), ("bidSz", perp.bid_size / size), ("open24h", perp.open_24h), ("high24h", perp.high_24h),
        ("low24h", perp.low_24h), ("volCcy24h", perp.volume_24h), ("vol24h", perp.volume_24h / size),
        ("sodUtc0", perp.open_24h), ("sodUtc8", perp.open_24h),
    )  # fmt: skip
    return _ticker("SWAP", swap_id(perp.base), shown, perp.live, perp.taken_ms)


def _ticker(kind: str, name: str, shown: tuple[tuple[str, float], ...], live: bool, at_ms: int) -> Row:
    numbers = {field: text(value) if live else "0" if field == "lastSz" else "" for field, value in shown}
    return {"instType": kind, "instId": name, **numbers, "ts": str(at_ms)}


def book(simulated: SimBook, size: float = 1.0) -> Row:
    """Levels of [price, size, "0", orders]; `size` is coins in one unit of size."""

    def levels(side: tuple[Level, ...]) -> list[list[str]]:
        return [[text(price), text(coins / size), "0", "1"] for price, coins in side]

    return {"asks": levels(simulated.asks), "bids": levels(simulated.bids), "ts": str(simulated.taken_ms)}


def trade(name: str, at_ms: int, price: float, coins: float, side: str, size: float = 1.0) -> Row:
    return {
        "instId": name,
        "side": side,
        "sz": text(coins / size),
        "px": text(price),
        "source": "0",
        "tradeId": str(at_ms // 400),
        "ts": str(at_ms),
    }


def candle(simulated: SimCandle, unit_ms: int, now_ms: int, size: float | None = None) -> list[str]:
    """[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]; of a swap vol is in contracts and volCcy in coins."""
    prices = [text(part) for part in (simulated.open, simulated.high, simulated.low, simulated.close)]
    volume, quote = simulated.volume, text(simulated.value)
    volumes = [text(volume), quote, quote] if size is None else [text(volume / size), text(volume), quote]
    confirmed = "1" if simulated.open_ms + unit_ms <= now_ms else "0"
    return [str(simulated.open_ms), *prices, *volumes, confirmed]


def funding_rate(perp: SimPerp) -> Row:
    """`fundingTime` is the coming settlement, `nextFundingTime` the one after it."""
    interval_ms = perp.funding_interval_h * HOUR_MS
    return {
        "instType": "SWAP",
        "instId": swap_id(perp.base),
        "fundingRate": text(perp.funding_rate),
        "fundingTime": str(perp.next_funding_ms),
        "nextFundingTime": str(perp.next_funding_ms + interval_ms),
        "nextFundingRate": "",
        "method": "current_period",
        "formulaType": "withRate",
        "minFundingRate": "-0.00375",
        "maxFundingRate": "0.00375",
        "interestRate": "0.0001",
        "impactValue": "",
        "settState": "settled",
        "settFundingRate": text(perp.funding_rate),
        "premium": text(perp.mark / perp.index - 1),
        "prevFundingTime": str(perp.next_funding_ms - interval_ms),
        "ts": str(perp.taken_ms),
    }


def mark_price(perp: SimPerp) -> Row:
    mark = text(perp.mark) if perp.live else ""
    return {"instType": "SWAP", "instId": swap_id(perp.base), "markPx": mark, "ts": str(perp.taken_ms)}


def currencies(currency: SimCurrency) -> list[Row]:
    """One row a chain."""
    return [
        {
            "ccy": currency.base,
            "name": currency.name,
            "chain": f"{currency.base}-{network_as('okx', network.network)}",
            "ctAddr": network.contract,
            "canDep": network.deposit,
            "canWd": network.withdrawal,
            "canInternal": True,
            "depEstOpenTime": "",
            "wdEstOpenTime": "",
            "minDep": "0.001",
            "minWd": text(network.withdraw_min),
            "maxWd": "9999999999",
            "wdTickSz": "8",
            "fee": text(network.withdraw_fee),
            "minFee": text(network.withdraw_fee),
            "maxFee": text(network.withdraw_fee * 2),
            "burningFeeRate": "",
            "mainNet": position == 0,
            "needTag": False,
            "minDepArrivalConfirm": str(network.confirmations),
            "minWdUnlockConfirm": str(network.confirmations * 2),
            "logoLink": "",
        }
        for position, network in enumerate(currency.networks)
    ]


def account_config(rights: str) -> Row:
    """`account/config` of a new account; `perm` is what the key may do."""
    return {
        "uid": "44705892343619584",
        "mainUid": "44705892343619584",
        "acctLv": "1",
        "posMode": "net_mode",
        "autoLoan": False,
        "level": "Lv1",
        "label": "listing radar",
        "ip": "",
        "kycLv": "2",
        "perm": rights,
        "roleType": "0",
    }
