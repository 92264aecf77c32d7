"""Bybit's rows: simulated values in, JSON values out, numbers as text (bybit-exchange/docs, 2026-07-24).

A perpetual that is not open is `PreLaunch` with empty texts for mark and funding; a spot market that is not open shows
"0" (neither spelling is documented for tickers). Cheap coins trade as multiples: `1000PEPEUSDT`, `SHIB1000USDT`.
"""

from simulator.abroad.venue_wire import network_as, rows, step_of, text
from simulator.world.prices import HOUR_MS
from simulator.world.values import SimBook, SimCandle, SimCurrency, SimPerp, SimQuote

Row = dict[str, object]
SUFFIXED = frozenset({"SHIB"})  # the one that carries its multiplier at the end


def spot_name(base: str) -> str:
    return f"{base}USDT"


def perp_coin(perp: SimPerp) -> str:
    """The base as the wire has it."""
    if perp.multiplier == 1:
        return perp.base
    return f"{perp.base}{perp.multiplier}" if perp.base in SUFFIXED else f"{perp.multiplier}{perp.base}"


def perp_name(perp: SimPerp) -> str:
    return f"{perp_coin(perp)}USDT"


def spot_ticker(quote: SimQuote) -> Row:
    shown = {
        "bid1Price": quote.bid,
        "bid1Size": quote.bid_size,
        "ask1Price": quote.ask,
        "ask1Size": quote.ask_size,
        "lastPrice": quote.last,
        "prevPrice24h": quote.open_24h,
        "highPrice24h": quote.high_24h,
        "lowPrice24h": quote.low_24h,
        "turnover24h": quote.value_24h,
        "volume24h": quote.volume_24h,
    }
    change = f"{quote.last / quote.open_24h - 1 if quote.live else 0.0:.4f}"
    return {
        "symbol": spot_name(quote.base),
        **{name: text(value) if quote.live else "0" for name, value in shown.items()},
        "price24hPcnt": change,
        "usdIndexPrice": text((quote.bid + quote.ask) / 2) if quote.live else "",
    }


def linear_ticker(perp: SimPerp) -> Row:
    times = perp.multiplier
    shown = {
        "lastPrice": perp.last * times,
        "indexPrice": perp.index * times,
        "markPrice": perp.mark * times,
        "prevPrice24h": perp.open_24h * times,
        "highPrice24h": perp.high_24h * times,
        "lowPrice24h": perp.low_24h * times,
        "prevPrice1h": perp.open_24h * times,
        "openInterest": perp.open_interest / times,
        "openInterestValue": perp.open_interest * perp.mark,
        "turnover24h": perp.value_24h,
        "volume24h": perp.volume_24h / times,
        "fundingRate": perp.funding_rate,
        "ask1Size": perp.ask_size / times,
        "bid1Price": perp.bid * times,
        "ask1Price": perp.ask * times,
        "bid1Size": perp.bid_size / times,
    }
    return {
        "symbol": perp_name(perp),
        **{name: text(value) if perp.live else "" for name, value in shown.items()},
        "price24hPcnt": f"{perp.last / perp.open_24h - 1 if perp.live else 0.0:.6f}",
        "nextFundingTime": str(perp.next_funding_ms) if perp.live else "0",
        "fundingIntervalHour": str(perp.funding_interval_h),
        "fundingCap": "0.005",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "" if perp.live else "CallAuction",
    }


def spot_instrument(quote: SimQuote) -> Row:
    return {
        "symbol": spot_name(quote.base),
        "baseCoin": quote.base,
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading" if quote.live else "PreLaunch",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": "0.000001",
            "quotePrecision": "0.0000001",
            "minOrderQty": "0.00001",
            "maxOrderQty": "99999999",
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
        },
        "priceFilter": {"tickSize": text(step_of(quote.bid))},
        "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        "symbolType": "",
    }


def linear_instrument(perp: SimPerp, launched_ms: int) -> Row:
    tick = text(step_of(perp.mark) * perp.multiplier)
    return {
        "symbol": perp_name(perp),
        "contractType": "LinearPerpetual",
        "status": "Trading" if perp.live else "PreLaunch",
        "baseCoin": perp_coin(perp),
        "quoteCoin": "USDT",
        "launchTime": str(launched_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "4",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999.98", "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": "9999999",
            "minOrderQty": "0.001",
            "qtyStep": "0.001",
            "postOnlyMaxOrderQty": "9999999",
            "maxMktOrderQty": "999999",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": perp.funding_interval_h * 60,
        "settleCoin": "USDT",
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": not perp.live,
        "preListingInfo": None if perp.live else _pre_listing(perp.taken_ms),
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"},
        "symbolType": "",
    }


def _pre_listing(now_ms: int) -> Row:
    started_ms = now_ms - HOUR_MS
    return {
        "curAuctionPhase": "CallAuction",
        "phases": [{"phase": "CallAuction", "startTime": str(started_ms), "endTime": str(started_ms + 3 * HOUR_MS)}],
        "auctionFeeInfo": {"auctionFeeRate": "0", "takerFeeRate": "0.001", "makerFeeRate": "0.0004"},
    }


def orderbook(symbol: str, book: SimBook, multiplier: int = 1) -> Row:
    return {
        "s": symbol,
        "a": rows(book.asks, 1 / multiplier, multiplier),
        "b": rows(book.bids, 1 / multiplier, multiplier),
        "ts": book.taken_ms,
        "u": book.taken_ms // 20,
        "seq": book.taken_ms // 10,
        "cts": book.taken_ms - 3,
    }


def trade(symbol: str, at_ms: int, price: float, size: float, side: str, multiplier: int = 1) -> Row:
    return {
        "execId": str(2_100_000_000_000_000_000 + at_ms // 400),
        "symbol": symbol,
        "price": text(price * multiplier),
        "size": text(size / multiplier),
        "side": side.title(),
        "time": str(at_ms),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(at_ms // 10),
    }


def kline(candle: SimCandle, multiplier: int = 1) -> list[str]:
    """[start, open, high, low, close, volume, turnover]"""
    prices = [text(part * multiplier) for part in (candle.open, candle.high, candle.low, candle.close)]
    return [str(candle.open_ms), *prices, text(candle.volume / multiplier), text(candle.value)]


def coin(currency: SimCurrency) -> Row:
    """One coin of `asset/coin/query-info`; an empty fee goes with a closed withdrawal."""
    return {
        "name": currency.base,
        "coin": currency.base,
        "remainAmount": "10000000",
        "chains": [
            {
                "chain": network_as("bybit", network.network),
                "chainType": network.network,
                "confirmation": str(network.confirmations),
                "withdrawFee": text(network.withdraw_fee) if network.withdrawal else "",
                "depositMin": "0",
                "withdrawMin": text(network.withdraw_min),
                "withdrawMax": "-1",
                "minAccuracy": "8",
                "chainDeposit": "1" if network.deposit else "0",
                "chainWithdraw": "1" if network.withdrawal else "0",
                "withdrawPercentageFee": "0",
                "contractAddress": network.contract,
                "safeConfirmNumber": str(network.confirmations * 2),
            }
            for network in currency.networks
        ],
    }


def api_key(may_trade: bool) -> Row:
    """`user/query-api`; the key itself is left out, as nobody needs it back."""
    groups = ("ContractTrade", "Spot", "Wallet", "Options", "Derivatives", "Exchange", "Earn", "BlockTrade")
    rights: dict[str, list[str]] = {group: [] for group in groups}
    if may_trade:
        rights |= {"Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]}
    return {
        "id": "13770661",
        "note": "listing radar",
        "apiKey": "",
        "readOnly": 0 if may_trade else 1,
        "secret": "",
        "permissions": rights,
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "uta": 1,
        "isMaster": True,
        "kycLevel": "LEVEL_1",
    }
