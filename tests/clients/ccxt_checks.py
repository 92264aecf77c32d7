"""ccxt and ccxt.pro for both exchanges (Bithumb in its default, API 2.x)."""

import ccxt.pro
from harness import Checks, expect

REST = {"upbit": "/upbit", "bithumb": "/bithumb"}


def exchange_at(name: str, url: str) -> "ccxt.pro.Exchange":
    exchange = getattr(ccxt.pro, name)({"enableRateLimit": True, "timeout": 10_000})
    socket = f"{url.replace('http', 'ws')}{REST[name]}/websocket/v1"
    exchange.urls["api"]["public"] = exchange.urls["api"]["private"] = url + REST[name]
    exchange.urls["api"]["ws"] = socket if name == "upbit" else {"publicGen2": socket}
    return exchange


async def run(checks: Checks, url: str) -> None:
    for name in ("upbit", "bithumb"):
        exchange = exchange_at(name, url)
        try:
            await rest(checks, name, exchange)
            await sockets(checks, name, exchange)
        finally:
            await exchange.close()


async def rest(checks: Checks, name: str, exchange: "ccxt.pro.Exchange") -> None:
    async def markets() -> None:
        loaded = await exchange.load_markets()
        expect(loaded["BTC/KRW"]["id"] == "KRW-BTC" and len(loaded) > 10, len(loaded))

    async def tickers() -> None:
        one = await exchange.fetch_ticker("BTC/KRW")
        expect(one["last"] > 0 and one["high"] >= one["low"] > 0, one)
        every = await exchange.fetch_tickers()
        expect(len(every) == len(exchange.symbols), f"{len(every)} of {len(exchange.symbols)}")
        some = await exchange.fetch_tickers(["BTC/KRW", "ETH/KRW"])
        expect(set(some) == {"BTC/KRW", "ETH/KRW"}, list(some))

    async def book() -> None:
        found = await exchange.fetch_order_book("BTC/KRW")
        expect(found["asks"][0][0] > found["bids"][0][0], found["asks"][0], found["bids"][0])

    async def trades() -> None:
        found = await exchange.fetch_trades("BTC/KRW", limit=20)
        expect(len(found) == 20 and {trade["side"] for trade in found} <= {"buy", "sell"}, found)
        expect(abs(found[-1]["timestamp"] - exchange.milliseconds()) < 60_000, "times are off")

    async def candles() -> None:
        found = await exchange.fetch_ohlcv("BTC/KRW", "1m", limit=2)
        expect(found and found[-1][2] >= found[-1][3] > 0, found)
        expect(await exchange.fetch_ohlcv("BTC/KRW", "1d", limit=1), "no day")

    await checks.check(f"ccxt {name}: load_markets", markets)
    await checks.check(f"ccxt {name}: fetch_ticker, fetch_tickers", tickers)
    await checks.check(f"ccxt {name}: fetch_order_book", book)
    await checks.check(f"ccxt {name}: fetch_trades", trades)
    await checks.check(f"ccxt {name}: fetch_ohlcv", candles)


async def sockets(checks: Checks, name: str, exchange: "ccxt.pro.Exchange") -> None:
    async def trades() -> None:
        for _ in range(3):
            found = await exchange.watch_trades("BTC/KRW")
            expect(found and found[-1]["price"] > 0 and found[-1]["side"] in ("buy", "sell"), found)

    async def ticker() -> None:
        found = await exchange.watch_ticker("BTC/KRW")
        expect(found["last"] > 0, found)

    async def book() -> None:
        for _ in range(2):
            found = await exchange.watch_order_book("BTC/KRW")
            expect(found["asks"][0][0] > found["bids"][0][0], found["asks"][0], found["bids"][0])

    async def candles() -> None:
        found = await exchange.watch_ohlcv("BTC/KRW", "1s")
        expect(found[2] >= found[3] > 0, found)

    await checks.check(f"ccxt.pro {name}: watch_trades", trades)
    await checks.check(f"ccxt.pro {name}: watch_ticker", ticker)
    await checks.check(f"ccxt.pro {name}: watch_order_book", book)
    if name == "upbit":
        await checks.check("ccxt.pro upbit: watch_ohlcv", candles)
