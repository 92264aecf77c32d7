"""Binance's rows: simulated values in, JSON values out (binance-spot-api-docs and USD-M docs, 2026-07).

A market that is listed but not open shows zero prices and empty books. Perpetuals of cheap coins are multiples
(`1000SHIBUSDT`): prices times, sizes divided by the multiplier.
"""

from simulator.abroad.venue_wire import network_as, padded, step_of, text
from simulator.world.prices import DAY_MS
from simulator.world.values import SimBook, SimCandle, SimCurrency, SimPerp, SimQuote

Row = dict[str, object]
ZERO = "0.00000000"
SPOT_ORDER_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]
PERP_ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]
STP_MODES = ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "NONE"]


def spot_symbol(quote: SimQuote) -> Row:
    """One row of `exchangeInfo.symbols`."""
    tick = padded(step_of(quote.bid))
    return {
        "symbol": f"{quote.base}USDT",
        "status": "TRADING" if quote.live else "BREAK",
        "baseAsset": quote.base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": SPOT_ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "922327.00000000", "tickSize": tick},
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000000000.00000000",
                "stepSize": "0.00001000",
            },
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": STP_MODES,
    }


def perp_symbol(perp: SimPerp, onboard_ms: int) -> Row:
    """One row of the futures' `exchangeInfo.symbols`."""
    tick = text(step_of(perp.mark) * perp.multiplier)
    return {
        "symbol": perp_name(perp),
        "pair": perp_name(perp),
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": onboard_ms,
        "status": "TRADING" if perp.live else "PENDING_TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": perp_name(perp).removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 8,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "10000000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "1000000", "stepSize": "0.001"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
        "orderTypes": PERP_ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def perp_name(perp: SimPerp) -> str:
    return f"{perp.multiplier if perp.multiplier > 1 else ''}{perp.base}USDT"


def ticker_24h(quote: SimQuote) -> Row:
    """`/api/v3/ticker/24hr`, FULL."""
    at, since = quote.taken_ms, quote.taken_ms - DAY_MS
    if not quote.live:
        zeros = "priceChange weightedAvgPrice prevClosePrice lastPrice lastQty bidPrice bidQty askPrice askQty"
        empty: Row = {
            "symbol": f"{quote.base}USDT",
            **dict.fromkeys(zeros.split(), ZERO),
            "priceChangePercent": "0.000",
        }
        empty |= dict.fromkeys(("openPrice", "highPrice", "lowPrice", "volume", "quoteVolume"), ZERO)
        return empty | {"openTime": since, "closeTime": at, "firstId": -1, "lastId": -1, "count": 0}
    change = quote.last - quote.open_24h
    return {
        "symbol": f"{quote.base}USDT",
        "priceChange": padded(change),
        "priceChangePercent": f"{change / quote.open_24h * 100:.3f}",
        "weightedAvgPrice": padded(quote.value_24h / quote.volume_24h),
        "prevClosePrice": padded(quote.open_24h),
        "lastPrice": padded(quote.last),
        "lastQty": padded(quote.last_size),
        "bidPrice": padded(quote.bid),
        "bidQty": padded(quote.bid_size),
        "askPrice": padded(quote.ask),
        "askQty": padded(quote.ask_size),
        "openPrice": padded(quote.open_24h),
        "highPrice": padded(quote.high_24h),
        "lowPrice": padded(quote.low_24h),
        "volume": padded(quote.volume_24h),
        "quoteVolume": padded(quote.value_24h),
        "openTime": since,
        "closeTime": at,
        "firstId": since // 400,
        "lastId": at // 400,
        "count": DAY_MS // 400,
    }


MINI = (
    *("symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume"),
    *("openTime", "closeTime", "firstId", "lastId", "count"),
)


def mini(full: Row) -> Row:
    """The same with `type=MINI`."""
    return {name: full[name] for name in MINI}


def price(quote: SimQuote) -> Row:
    return {"symbol": f"{quote.base}USDT", "price": padded(quote.last) if quote.live else ZERO}


def best(quote: SimQuote) -> Row:
    """`/api/v3/ticker/bookTicker`, which has no time."""
    shown = (quote.bid, quote.bid_size, quote.ask, quote.ask_size) if quote.live else (0.0, 0.0, 0.0, 0.0)
    names = ("bidPrice", "bidQty", "askPrice", "askQty")
    return {"symbol": f"{quote.base}USDT", **dict(zip(names, map(padded, shown), strict=True))}


def depth(book: SimBook) -> Row:
    return {
        "lastUpdateId": book.taken_ms // 10,
        "bids": [[padded(price), padded(size)] for price, size in book.bids],
        "asks": [[padded(price), padded(size)] for price, size in book.asks],
    }


def perp_depth(book: SimBook, multiplier: int) -> Row:
    """The futures' book, which has two times."""
    return {
        "lastUpdateId": book.taken_ms // 10,
        "E": book.taken_ms,
        "T": book.taken_ms,
        "bids": [[text(price * multiplier), text(size / multiplier)] for price, size in book.bids],
        "asks": [[text(price * multiplier), text(size / multiplier)] for price, size in book.asks],
    }


def kline(candle: SimCandle, unit_ms: int, multiplier: int = 1) -> list[object]:
    prices = [padded(part * multiplier) for part in (candle.open, candle.high, candle.low, candle.close)]
    volume, value = candle.volume / multiplier, candle.value
    closes = candle.open_ms + unit_ms - 1
    taken = [padded(volume * 0.52), padded(value * 0.52), "0"]
    return [candle.open_ms, *prices, padded(volume), closes, padded(value), candle.trades, *taken]


def trade(at_ms: int, price: float, size: float, side: str) -> Row:
    return {
        "id": at_ms // 400,
        "price": padded(price),
        "qty": padded(size),
        "quoteQty": padded(price * size),
        "time": at_ms,
        "isBuyerMaker": side == "sell",
        "isBestMatch": True,
    }


def premium_index(perp: SimPerp) -> Row:
    shown = perp.live
    mark, index = (perp.mark * perp.multiplier, perp.index * perp.multiplier) if shown else (0.0, 0.0)
    return {
        "symbol": perp_name(perp),
        "markPrice": padded(mark),
        "indexPrice": padded(index),
        "estimatedSettlePrice": padded(index),
        "lastFundingRate": f"{perp.funding_rate if shown else 0.0:.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": perp.next_funding_ms if shown else 0,
        "time": perp.taken_ms,
    }


def funding_info(perp: SimPerp) -> Row:
    return {
        "symbol": perp_name(perp),
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": perp.funding_interval_h,
        "disclaimer": False,
    }


def perp_ticker_24h(perp: SimPerp) -> Row:
    times = perp.multiplier if perp.live else 0
    per_contract = 1 / perp.multiplier if perp.live else 0
    change = (perp.last - perp.open_24h) * times
    return {
        "symbol": perp_name(perp),
        "priceChange": text(change),
        "priceChangePercent": f"{(perp.last / perp.open_24h - 1) * 100 if perp.live else 0.0:.3f}",
        "weightedAvgPrice": text(perp.value_24h / perp.volume_24h * times),
        "lastPrice": text(perp.last * times),
        "lastQty": text(perp.bid_size * per_contract),
        "openPrice": text(perp.open_24h * times),
        "highPrice": text(perp.high_24h * times),
        "lowPrice": text(perp.low_24h * times),
        "volume": text(perp.volume_24h * per_contract),
        "quoteVolume": text(perp.value_24h if perp.live else 0.0),
        "openTime": perp.taken_ms - DAY_MS,
        "closeTime": perp.taken_ms,
        "firstId": (perp.taken_ms - DAY_MS) // 400,
        "lastId": perp.taken_ms // 400,
        "count": DAY_MS // 400,
    }


def perp_best(perp: SimPerp) -> Row:
    times, size = (perp.multiplier, 1 / perp.multiplier) if perp.live else (0, 0.0)
    return {
        "symbol": perp_name(perp),
        "bidPrice": text(perp.bid * times),
        "bidQty": text(perp.bid_size * size),
        "askPrice": text(perp.ask * times),
        "askQty": text(perp.ask_size * size),
        "time": perp.taken_ms,
        "lastUpdateId": perp.taken_ms // 10,
    }


def capital(currency: SimCurrency) -> Row:
    """One coin of `/sapi/v1/capital/config/getall`; a closed side tells why."""
    return {
        "coin": currency.base,
        "depositAllEnable": any(network.deposit for network in currency.networks),
        "withdrawAllEnable": any(network.withdrawal for network in currency.networks),
        "name": currency.name,
        "free": "0",
        "locked": "0",
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [
            {
                "network": network_as("binance", network.network),
                "coin": currency.base,
                "withdrawIntegerMultiple": "0.00000001",
                "isDefault": position == 0,
                "depositEnable": network.deposit,
                "withdrawEnable": network.withdrawal,
                "depositDesc": "" if network.deposit else "Wallet Maintenance, Deposit Suspended",
                "withdrawDesc": "" if network.withdrawal else "Wallet Maintenance, Withdrawal Suspended",
                "specialTips": "",
                "name": network.network,
                "withdrawFee": text(network.withdraw_fee),
                "withdrawMin": text(network.withdraw_min),
                "withdrawMax": "9999999999",
                "minConfirm": network.confirmations,
                "unLockConfirm": 0,
                "sameAddress": False,
                "estimatedArrivalTime": 5,
                "busy": False,
                "contractAddress": network.contract,
            }
            for position, network in enumerate(currency.networks)
        ],
    }


def restrictions(may_trade: bool) -> Row:
    """`apiRestrictions`: one flag for each right."""
    return {
        "ipRestrict": False,
        "createTime": 1_760_000_000_000,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": may_trade,
        "enablePortfolioMarginTrading": False,
    }
