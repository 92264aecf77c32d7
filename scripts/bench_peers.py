"""One measurement of a peer: cryptofeed or ccxt pro on the sender's Upbit frames. Run by .venv-bench.

`python scripts/bench_peers.py cryptofeed|ccxt URL MARKETS TRADES BOOKS`: takes trades (and order books) through the
library's own public interface until all have come, and prints one JSON line as `bench_collector` does. Nothing is
stored: what the peer is measured for ends where its user's code begins. Both libraries are left at their defaults.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import Any

Measured = dict[str, float]
RESTLESS_S = 5.0  # a peer that lost some of the trades ends this long after the last one


class Count:
    """Counts what came; `all` waits until it is all, or nothing more comes."""

    def __init__(self, trades: int) -> None:
        self._wanted = trades
        self._trades = 0
        self._last_at = time.monotonic()
        self._cpu_s = time.process_time()
        self._complete = asyncio.Event()

    def one(self) -> None:
        self._trades += 1
        self._last_at = time.monotonic()
        if self._trades >= self._wanted:
            self._complete.set()

    async def all(self) -> Measured:
        while not self._complete.is_set() and time.monotonic() - self._last_at < RESTLESS_S:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._complete.wait(), RESTLESS_S)
        return {"done": self._last_at, "cpu_s": time.process_time() - self._cpu_s, "stored": self._trades}


def cryptofeed(url: str, markets: int, trades: int, books: bool) -> Measured:
    import cryptofeed.connection  # type: ignore[import-not-found]
    from cryptofeed import FeedHandler
    from cryptofeed.connection import WebsocketEndpoint
    from cryptofeed.defines import L2_BOOK, TRADES  # type: ignore[import-not-found]
    from cryptofeed.exchanges import Upbit  # type: ignore[import-not-found]
    from cryptofeed.symbols import Symbols  # type: ignore[import-not-found]

    plain = cryptofeed.connection.connect
    cryptofeed.connection.connect = lambda address, **how: plain(address.replace("wss://", "ws://", 1), **how)
    names = {f"C{number}-KRW": f"KRW-C{number}" for number in range(markets)}
    Symbols.set(Upbit.id, names, {"instrument_type": dict.fromkeys(names, "spot")})
    Upbit.websocket_endpoints = [WebsocketEndpoint(url.replace("ws://", "wss://", 1))]
    count = Count(trades + markets)

    async def on_trade(_: Any, __: float) -> None:
        count.one()

    async def on_book(_: Any, __: float) -> None:
        pass

    handler = FeedHandler(config={"log": {"disabled": True, "filename": "", "level": "ERROR"}})
    channels, callbacks = [TRADES], {TRADES: on_trade}
    if books:
        channels, callbacks = [TRADES, L2_BOOK], {TRADES: on_trade, L2_BOOK: on_book}
    handler.add_feed(Upbit(channels=channels, symbols=list(names), callbacks=callbacks))
    handler.run(start_loop=False)
    loop = asyncio.get_event_loop()
    return loop.run_until_complete(count.all())


def ccxt(url: str, markets: int, trades: int, _: bool) -> Measured:
    import ccxt.pro  # type: ignore[import-not-found]

    count = Count(trades + markets)

    class Counted(ccxt.pro.upbit):  # type: ignore[misc]
        def handle_trades(self, client: Any, message: Any) -> None:
            super().handle_trades(client, message)
            count.one()

    async def watch() -> Measured:
        exchange = Counted()
        exchange.urls["api"]["ws"] = url
        names = [f"C{number}" for number in range(markets)]
        exchange.set_markets([described(name) for name in names])
        symbols = [f"{name}/KRW" for name in names]

        async def follow() -> None:
            while True:
                await exchange.watch_trades_for_symbols(symbols)

        following = asyncio.ensure_future(follow())
        measured = await count.all()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await exchange.close()
        return measured

    return asyncio.run(watch())


def described(name: str) -> dict[str, Any]:
    """A market as ccxt's own `fetch_markets` describes one."""
    precision = {"amount": 1e-8, "price": 1e-8}
    return {
        "id": f"KRW-{name}", "symbol": f"{name}/KRW", "base": name, "quote": "KRW", "baseId": name, "quoteId": "KRW",
        "type": "spot", "spot": True, "active": True, "precision": precision, "limits": {},
    }  # fmt: skip


def main() -> None:
    which, url, markets, trades, books = sys.argv[1:]
    peer = {"cryptofeed": cryptofeed, "ccxt": ccxt}[which]
    print(json.dumps(peer(url, int(markets), int(trades), books != "0")), flush=True)


if __name__ == "__main__":
    main()
