"""Upbit's own SDK: its typed models must validate every answer.

The models call every decimal a text and the SDK reads `91200000.0` as one, yet the wire also spells `91370000`
(captured). So a whole number counts as a decimal here; everything else is validated as strictly as pydantic can.
"""

import asyncio
import warnings

import aiohttp
from harness import Checks, expect
from upbit import AsyncUpbit
from upbit._models import BaseModel

WHOLE_NUMBERS_ARE_DECIMALS = "coerce_numbers_to_str"


def allow_whole_numbers(model: type) -> None:
    for kind in model.__subclasses__():
        kind.model_config[WHOLE_NUMBERS_ARE_DECIMALS] = True
        allow_whole_numbers(kind)
    model.model_rebuild(force=True)


def validated(event: BaseModel) -> dict:
    """The event as a plain object, after its model has approved each field."""
    plain = event.to_dict(mode="json")
    type(event).model_validate(plain)
    return plain


async def run(checks: Checks, url: str) -> None:
    allow_whole_numbers(BaseModel)
    warnings.filterwarnings("ignore", message="The HMAC key is")  # SIM-SECRET is short, and no secret
    client = AsyncUpbit(
        access_key="SIM-ACCESS",
        secret_key="SIM-SECRET",
        base_url=f"{url}/upbit",
        websocket_base_url=f"{url.replace('http', 'ws')}/upbit",
        max_retries=0,
        _strict_response_validation=True,
    )
    await rest(checks, client)
    await sockets(checks, client)
    await announcements(checks, client, url)
    await client.close()


async def rest(checks: Checks, client: AsyncUpbit) -> None:
    async def pairs() -> None:
        listed = await client.trading_pairs.list(is_details=True)
        expect(any(row.market == "KRW-BTC" for row in listed), "no KRW-BTC")
        expect(all(row.market_event is not None and row.korean_name for row in listed), "details are missing")

    async def tickers() -> None:
        rows = await client.tickers.list_by_trading_pairs(markets="KRW-BTC,KRW-ETH")
        expect([row.market for row in rows] == ["KRW-BTC", "KRW-ETH"], rows)
        every = await client.tickers.list_by_quote_currencies(quote_currencies="KRW")
        expect(len(every) > 10 and all(float(row.trade_price) > 0 for row in every), "tickers of all KRW markets")

    async def books() -> None:
        (book,) = await client.orderbooks.list(markets="KRW-BTC", count=15)
        expect(len(book.orderbook_units) == 15 and book.level == "0", book.level)
        units = book.orderbook_units
        expect(float(units[0].ask_price) > float(units[0].bid_price) > float(units[1].bid_price), "order of the book")
        (known,) = await client.orderbooks.list_instruments(markets="KRW-BTC")
        expect(known.supported_levels[0] == "0" and float(known.tick_size) > 0, known)

    async def trades() -> None:
        page = await client.trades.list(market="KRW-BTC", count=10)
        ids = [trade.sequential_id for trade in page]
        expect(len(page) == 10 and ids == sorted(ids, reverse=True), ids)
        older = await client.trades.list(market="KRW-BTC", count=5, cursor=str(ids[-1]))
        expect(older and all(trade.sequential_id < ids[-1] for trade in older), "the cursor does not go on")

    async def candles() -> None:
        seconds = await client.candles.list_seconds(market="KRW-BTC", count=5)
        expect(len(seconds) == 5 and seconds[0].candle_date_time_utc > seconds[1].candle_date_time_utc, seconds)
        for unit in (1, 240):
            minutes = await client.candles.list_minutes(unit=unit, market="KRW-BTC", count=2)
            expect(minutes[0].unit == unit, minutes)
        expect(await client.candles.list_days(market="KRW-BTC", converting_price_unit="KRW"), "no day")

    async def long_candles() -> None:
        for call in (client.candles.list_weeks, client.candles.list_months, client.candles.list_years):
            (row,) = await call(market="KRW-BTC", count=1)
            expect(len(row.first_day_of_period) == 10, row)

    async def with_a_key() -> None:
        wallets = await client.wallet_status.list()
        expect(any(w.currency == "BTC" and w.wallet_state == "working" for w in wallets), "no BTC wallet")
        expect(await client.travel_rule.list_vasps(), "no VASP")
        (key,) = await client.api_keys.list()
        expect(key.access_key == "SIM-ACCESS", key)

    await checks.check("upbit-sdk: trading pairs", pairs)
    await checks.check("upbit-sdk: tickers, by pair and by quote currency", tickers)
    await checks.check("upbit-sdk: order book and instruments", books)
    await checks.check("upbit-sdk: trades with a cursor", trades)
    await checks.check("upbit-sdk: candles of seconds, minutes and days", candles)
    await checks.check("upbit-sdk: candles of weeks, months and years", long_candles)
    await checks.check("upbit-sdk: wallet status, VASPs and keys, with a token", with_a_key)


async def sockets(checks: Checks, client: AsyncUpbit) -> None:
    codes = ["KRW-BTC", "KRW-ETH"]

    for format_ in ("DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"):

        async def every_type(format_: str = format_) -> None:
            stream = client.ws_stream.subscribe(
                ticker=codes, trade=codes, orderbook=codes, candle={"1s": codes}, format=format_
            )
            seen: set[str] = set()
            async with stream as connection:
                while len(seen) < 8:
                    got = await connection.recv()
                    for event in got if isinstance(got, list) else [got]:
                        plain = validated(event)
                        type_ = plain.get("type") or plain["ty"]
                        seen.add(f"{type_} {plain.get('stream_type') or plain['st']}")
                listed = await connection.list_subscriptions()
                expect(len(getattr(listed, "result", None) or listed.rslt) == 4, listed)
            wanted = {
                f"{type_} {st}"
                for type_ in ("ticker", "trade", "orderbook", "candle.1s")
                for st in ("SNAPSHOT", "REALTIME")
            }
            expect(seen == wanted, seen)

        await checks.check(f"upbit-sdk: ticker, trade, orderbook, candle sockets in {format_}", every_type)

    async def levels() -> None:
        async with client.ws_stream.orderbook(["KRW-BTC.5"]) as connection:
            book = await connection.recv()
            validated(book)
            expect(len(book.orderbook_units) == 5, len(book.orderbook_units))

    await checks.check("upbit-sdk: order book of five levels", levels)


async def announcements(checks: Checks, client: AsyncUpbit, url: str) -> None:
    async def created_and_updated() -> None:
        async with (
            client.ws_stream.announcement(categories=["trade"], include_body=True) as connection,
            aiohttp.ClientSession() as http,
        ):
            listed = await connection.list_subscriptions()
            expect(listed.result[0].type == "announcement", listed)
            order = {"exchange": "upbit", "title": "시험코인(TSTC) 신규 거래지원 안내 (KRW 마켓)", "category": "거래"}
            async with http.post(f"{url}/sim/notice", json=order) as answer:
                notice_id = (await answer.json())["notice_id"]
            first = validated(await asyncio.wait_for(connection.recv(), 5))
            expect(first["event_type"] == "CREATED" and first["title"] == order["title"], first)
            edit = {"exchange": "upbit", "notice_id": notice_id, "title": order["title"] + " (완료)"}
            async with http.post(f"{url}/sim/notice/edit", json=edit) as answer:
                expect(answer.status == 200, await answer.text())
            second = validated(await asyncio.wait_for(connection.recv(), 5))
            expect(second["event_type"] == "UPDATED" and second["uuid"] == first["uuid"], second)

    await checks.check("upbit-sdk: announcement socket, created and updated", created_and_updated)
