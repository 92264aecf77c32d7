"""The control calls under /sim: clock, state, truth, staging, faults. A bad body is answered 400 with what is wrong.

Telegram's and the webhook's own inspection calls are with their services.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from simulator.counters import Counters
from simulator.faults import BadFault, Fault, checked
from simulator.orders import FaultOrder, ListingEdit, ListingOrder, MarketOrder, NoticeEdit, NoticeOrder, WalletOrder
from simulator.world.staging import BadOrder, Stage, Staged
from simulator.world.values import SimTrade
from simulator.world.world import EXCHANGES, World

Order = TypeVar("Order")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

INDEX = """<!doctype html><meta charset="utf-8"><title>Exchange simulator</title>
<h1>Exchange simulator</h1><p>Every service below this address, in its real wire format:</p><ul>{services}</ul>
<p>Control:</p><ul>{calls}</ul>"""
SERVICE_ADDRESSES = (
    "/upbit/v1/market/all",
    "/upbit/v1/ticker/all?quote_currencies=KRW",
    "/upbit-site/api/v1/announcements?os=web&page=1&per_page=20&category=all",
    "/bithumb/v1/market/all",
    "/bithumb/v1/notices?count=20",
    "/binance/api/v3/ticker/24hr?symbol=BTCUSDT",
    "/binance-futures/fapi/v1/premiumIndex?symbol=BTCUSDT",
    "/okx/api/v5/market/ticker?instId=BTC-USDT",
    "/bybit/v5/market/tickers?category=spot&symbol=BTCUSDT",
    "/coingecko/api/v3/coins/list",
    "/fx/dunamu/v1/forex/recent?codes=FRX.KRWUSD",
    "/fx/er-api/v6/latest/USD",
)
CONTROL_ADDRESSES = (
    "/sim/clock",
    "/sim/state",
    "/sim/truth?exchange=upbit&market=KRW-BTC",
    "/sim/telegram",
    "/sim/webhook",
)


def routes(world: World, counters: Counters, stage: Stage) -> list[web.RouteDef]:
    """The control calls of this world."""

    async def index(_: web.Request) -> web.Response:
        def items(addresses: tuple[str, ...]) -> str:
            return "".join(f'<li><a href="{address}">{address}</a></li>' for address in addresses)

        page = INDEX.format(services=items(SERVICE_ADDRESSES), calls=items(CONTROL_ADDRESSES))
        return web.Response(text=page, content_type="text/html")

    async def clock(_: web.Request) -> web.Response:
        return web.json_response({"now_ms": world.clock.now_ms(), "speed": world.clock.speed})

    async def state(_: web.Request) -> web.Response:
        faults = [msgspec.to_builtins(fault) for fault in world.faults.all_active()]
        return web.json_response({"now_ms": world.clock.now_ms(), "services": counters.snapshot(), "faults": faults})

    async def truth(request: web.Request) -> web.Response:
        exchange, market = request.query.get("exchange", ""), request.query.get("market")
        if exchange not in EXCHANGES:
            raise BadOrder(f"exchange: {exchange!r} is none of {', '.join(EXCHANGES)}")
        from_ms = _integer(request, "from_ms", 0)
        to_ms = _integer(request, "to_ms", 2**62)
        codes = world.traded_codes(exchange)
        if market is not None:
            if market not in codes:
                return web.json_response({"error": f"{exchange} has never traded {market}"}, status=404)
            return _json([_told(trade) for trade in world.trades(exchange, market, from_ms, to_ms)])
        told: dict[str, list[dict[str, object]]] = {}
        for code in codes:
            told[code] = [_told(trade) for trade in world.trades(exchange, code, from_ms, to_ms)]
            await asyncio.sleep(0)  # a long span must not hold up the sockets
        return _json(told)

    async def list_coin(request: web.Request) -> web.Response:
        return web.json_response(_staged(stage.list_coin(await _order(request, ListingOrder))))

    async def edit_listing(request: web.Request) -> web.Response:
        return web.json_response(_staged(stage.edit_listing(await _order(request, ListingEdit))))

    async def publish(request: web.Request) -> web.Response:
        notice = stage.publish(await _order(request, NoticeOrder))
        return web.json_response(
            {"notice_id": notice.notice_id, "uuid": notice.uuid, "published_ms": notice.published_ms}
        )

    async def edit_notice(request: web.Request) -> web.Response:
        notice = stage.edit_notice(await _order(request, NoticeEdit))
        return web.json_response({"notice_id": notice.notice_id, "uuid": notice.uuid, "version": notice.version})

    async def change_market(request: web.Request) -> web.Response:
        return web.json_response({"code": stage.change_market(await _order(request, MarketOrder))})

    async def set_wallet(request: web.Request) -> web.Response:
        stage.set_wallet(await _order(request, WalletOrder))
        return web.json_response({"ok": True})

    async def add_fault(request: web.Request) -> web.Response:
        fault = _fault(await _order(request, FaultOrder), world.clock.now_ms())
        world.faults.add(fault)
        return web.json_response(msgspec.to_builtins(fault))

    async def clear_faults(_: web.Request) -> web.Response:
        world.faults.clear()
        return web.json_response({"ok": True})

    return [
        web.get("/", index),
        web.get("/sim/clock", clock),
        web.get("/sim/state", state),
        web.get("/sim/truth", refusing(truth)),
        web.post("/sim/listing", refusing(list_coin)),
        web.post("/sim/listing/edit", refusing(edit_listing)),
        web.post("/sim/notice", refusing(publish)),
        web.post("/sim/notice/edit", refusing(edit_notice)),
        web.post("/sim/market", refusing(change_market)),
        web.post("/sim/wallet", refusing(set_wallet)),
        web.post("/sim/fault", refusing(add_fault)),
        web.delete("/sim/fault", clear_faults),
    ]


def refusing(call: Answer) -> Answer:
    """The call with every wrong order answered 400 and its reason."""

    async def checked_call(request: web.Request) -> web.StreamResponse:
        try:
            return await call(request)
        except (BadOrder, BadFault, msgspec.DecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return checked_call


async def _order(request: web.Request, kind: type[Order]) -> Order:
    return msgspec.json.decode(await request.read(), type=kind)


def _integer(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise BadOrder(f"{name}: {text!r} is not a whole number of milliseconds") from error


def _fault(order: FaultOrder, now_ms: int) -> Fault:
    return checked(
        Fault(
            target=order.target,
            kind=order.kind,
            from_ms=now_ms,
            to_ms=now_ms + round(order.for_s * 1000),
            by_ms=order.by_ms,
            retry_after_s=order.retry_after_s,
            factor=order.factor,
            status=order.status,
            every=order.every,
            size=order.size,
            chat_id=None if order.chat_id is None else str(order.chat_id),
            new_chat_id=order.new_chat_id,
        )
    )


def _told(trade: SimTrade) -> dict[str, object]:
    return {
        "id": trade.ws_id,
        "traded_ms": trade.traded_ms,
        "price": trade.price,
        "volume": trade.volume,
        "side": trade.side,
    }


def _staged(staged: Staged) -> dict[str, object]:
    return {
        "notice_id": staged.notice_id,
        "announced_ms": staged.announced_ms,
        "trading_starts_ms": staged.trading_starts_ms,
    }


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
