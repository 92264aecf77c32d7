"""pyupbit: its addresses are literals, so the host is replaced where it calls `requests` and `websockets`."""

import types
from typing import Any

import pyupbit
import pyupbit.request_api
import pyupbit.websocket_api
import requests
import websockets
from harness import Checks, expect

HOST = "api.upbit.com"


def redirect(url: str) -> None:
    """Send what pyupbit means for Upbit to `url` instead."""

    def get(address: str, **options: Any) -> requests.Response:
        return requests.get(address.replace(f"https://{HOST}", f"{url}/upbit"), timeout=10, **options)

    def connect(address: str, **options: Any) -> Any:
        return websockets.connect(address.replace(f"wss://{HOST}", f"{url.replace('http', 'ws')}/upbit"), **options)

    pyupbit.request_api.requests = types.SimpleNamespace(get=get)
    pyupbit.websocket_api.websockets = types.SimpleNamespace(
        connect=connect, ConnectionClosed=websockets.ConnectionClosed
    )


def tickers() -> None:
    known = pyupbit.get_tickers(fiat="KRW")
    expect("KRW-BTC" in known and all(code.startswith("KRW-") for code in known), known)
    detailed, limit = pyupbit.get_tickers(fiat="KRW", is_details=True, limit_info=True)
    expect(detailed[0]["market_event"] and limit["group"] == "market" and limit["sec"] < 10, limit)


def prices() -> None:
    price = pyupbit.get_current_price("KRW-BTC")
    expect(price > 0, price)
    several = pyupbit.get_current_price(["KRW-BTC", "KRW-ETH"])
    expect(set(several) == {"KRW-BTC", "KRW-ETH"}, several)


def order_book() -> None:
    book = pyupbit.get_orderbook("KRW-BTC")
    expect(len(book["orderbook_units"]) == 30 and book["level"] == 0, book)


def candles() -> None:
    frame = pyupbit.get_ohlcv("KRW-BTC", interval="minute1", count=3)
    expect(frame is not None and len(frame) >= 1 and (frame["high"] >= frame["low"]).all(), frame)
    day = pyupbit.get_ohlcv("KRW-BTC", interval="day", count=1)
    expect(day is not None and len(day) == 1, day)


def manager() -> None:
    """Its own process, forked, so that it takes the replaced address along."""
    stream = pyupbit.WebSocketManager("trade", ["KRW-BTC"])
    try:
        frame = stream.get()
        expect(frame["type"] == "trade" and frame["stream_type"] == "REALTIME", frame)
    finally:
        stream.terminate()


async def run(checks: Checks, url: str) -> None:
    redirect(url)
    await checks.check("pyupbit: get_tickers", tickers)
    await checks.check("pyupbit: get_current_price", prices)
    await checks.check("pyupbit: get_orderbook", order_book)
    await checks.check("pyupbit: get_ohlcv", candles)
    await checks.check("pyupbit: WebSocketManager", manager)
