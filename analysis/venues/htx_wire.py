"""HTX on the wire: spot (api.huobi.pro) and linear swaps (api.hbdm.com). Pure.

Contract: huobiapi.github.io/docs and ccxt 4.5.90. Numbers are JSON numbers, symbols lower case. Errors come with HTTP
200: `{"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol"}`; the swaps say `err_code` 1013 or
1332 of an unknown contract, and size in contracts of `contract_size` coins. Chains are "allowed" or "prohibited".
"""

from typing import Generic, TypeVar

from msgspec import Struct, field

from analysis.fetching.reading import (
    QUOTE_VOLUME,
    NoAnswer,
    Reply,
    Wire,
    amount,
    book,
    candles,
    coin_and_multiplier,
    columns,
    decoded,
    figure,
    listed,
    number,
    positive,
    refuse,
    signed_figure,
    whole,
)
from analysis.quotes import Book, Candle, Figure, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker
from analysis.verdict import TransferState
from config.units import HOUR_MS

R = TypeVar("R")

UNKNOWN_CONTRACTS = (1_013, 1_332)
NOT_OPEN_YET = "symbol trade not open now"
STATES = {"allowed": TransferState.OPEN, "prohibited": TransferState.CLOSED}
PERP_STATES = {1: True, 2: False, 3: False, 4: False, 5: True}  # listed, pending, suspended, suspending, in settlement


class _Head(Struct):
    status: str = ""
    code: Wire = None  # `/v2/…`: 200 in place of a status
    err_code: Wire = field(name="err-code", default=None)
    err_msg: str | None = field(name="err-msg", default="")
    swap_code: Wire = field(name="err_code", default=None)
    swap_msg: str | None = field(name="err_msg", default="")
    message: str | None = ""
    ts: Wire = None


class _Envelope(Struct, Generic[R]):
    data: R


class _Merged(Struct):
    close: Wire
    vol: Wire  # quote units
    bid: list[Wire] | None = None  # price, size
    ask: list[Wire] | None = None


class _Depth(Struct):
    bids: list[list[Wire]] | None = None
    asks: list[list[Wire]] | None = None
    ts: Wire = None


class _Tick(Struct, Generic[R]):
    tick: R


class _Kline(Struct):
    id: Wire = None  # seconds
    open: Wire = None
    high: Wire = None
    low: Wire = None
    close: Wire = None
    vol: Wire = None


class _Funding(Struct):
    funding_rate: Wire = None
    funding_time: Wire = None
    next_funding_time: Wire = None


class _Symbol(Struct, rename="kebab"):
    symbol: str
    base_currency: str
    quote_currency: str
    state: str = ""


class _Contract(Struct):
    contract_code: str
    symbol: str = ""
    contract_size: Wire = None
    contract_status: Wire = None
    business_type: str = "swap"


class _Chain(Struct, rename="camel"):
    chain: str
    display_name: str | None = None
    base_chain: str | None = None
    num_of_confirmations: Wire = None
    deposit_status: str = ""
    withdraw_status: str = ""
    min_withdraw_amt: Wire = None
    withdraw_fee_type: str = ""
    transact_fee_withdraw: Wire = None
    max_transact_fee_withdraw: Wire = None


class _Currency(Struct):
    currency: str
    chains: list[_Chain] | None = None


def parse_merged(reply: Reply) -> Ticker | NotListed:
    """`/market/detail/merged?symbol=`; raise NoAnswer. A market that is not open yet has no figures."""
    head = _head(reply)
    if head is None:
        return NotListed()
    if _not_open_yet(head):
        return Ticker()
    tick, at = decoded(reply, _Tick[_Merged]).tick, whole(head.ts)
    return Ticker(
        last=figure(tick.close, reply, at),
        bid=figure(tick.bid[0] if tick.bid else None, reply, at),
        ask=figure(tick.ask[0] if tick.ask else None, reply, at),
        quote_volume_24h=figure(tick.vol, reply, at),
    )


def parse_depth(reply: Reply) -> Book | NotListed:
    """`/market/depth`, and a swap's `/linear-swap-ex/market/depth` in contracts; raise NoAnswer."""
    head = _head(reply)
    if head is None:
        return NotListed()
    if _not_open_yet(head):
        return book([], [], reply, whole(head.ts))
    tick = decoded(reply, _Tick[_Depth]).tick
    if tick.bids is None and tick.asks is None:
        raise NoAnswer("null in place of a book")
    return book(tick.bids or [], tick.asks or [], reply, whole(tick.ts) or whole(head.ts))


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/market/history/kline`, newest first; raise NoAnswer."""
    if _head(reply) is None:
        return NotListed()
    rows = decoded(reply, _Envelope[list[_Kline]]).data
    cells: list[list[Wire]] = [[row.id, row.open, row.high, row.low, row.close, row.vol] for row in rows]
    return candles(columns(cells, "Tohlcq"), QUOTE_VOLUME)


def parse_mark(reply: Reply) -> PerpTicker | NotListed:
    """`/index/market/history/linear_swap_mark_price_kline?size=1`: its last close; raise NoAnswer."""
    head = _head(reply)
    if head is None:
        return NotListed()
    rows = decoded(reply, _Envelope[list[_Kline]]).data
    if not rows:
        raise NoAnswer("an empty answer")
    return PerpTicker(mark=figure(rows[-1].close, reply, whole(head.ts)))


def parse_funding(reply: Reply) -> PerpTicker | NotListed:
    """`/linear-swap-api/v1/swap_funding_rate`; raise NoAnswer. The interval follows from both times, if both come."""
    if _head(reply) is None:
        return NotListed()
    row = decoded(reply, _Envelope[_Funding]).data
    coming, following = whole(row.funding_time), whole(row.next_funding_time)
    interval = None
    if coming is not None and following is not None and following > coming:
        interval = Figure((following - coming) / HOUR_MS, reply.source, reply.received_ms)
    return PerpTicker(
        funding_rate=signed_figure(row.funding_rate, reply, None), funding_interval_h=interval, next_funding_ms=coming
    )


def parse_contract(reply: Reply) -> PerpTicker | NotListed:
    """`/linear-swap-api/v1/swap_contract_info?contract_code=`: what a contract holds; raise NoAnswer."""
    rows = _contracts(reply)
    if isinstance(rows, NotListed):
        return rows
    if not rows:
        raise NoAnswer("an empty answer")
    return PerpTicker(contract_size=positive(rows[0].contract_size), pre_market=number(rows[0].contract_status) == 2)


def parse_symbols(reply: Reply) -> dict[str, Instrument]:
    """`/v1/common/symbols`: what trades against USDT; raise NoAnswer, also for an empty list."""
    if _head(reply) is None:
        raise NoAnswer("an unknown symbol where none was named")
    return listed(
        [
            Instrument(row.symbol, *coin_and_multiplier(row.base_currency.upper()), live=row.state == "online")
            for row in decoded(reply, _Envelope[list[_Symbol]]).data
            if row.quote_currency == "usdt" and row.state != "offline"
        ]
    )


def parse_contracts(reply: Reply) -> dict[str, Instrument]:
    """`/linear-swap-api/v1/swap_contract_info`: the USDT swaps; raise NoAnswer, also for an empty list."""
    rows = _contracts(reply)
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown contract where none was named")
    found = []
    for row in rows:
        (name, _, quote), size = row.contract_code.partition("-"), positive(row.contract_size)
        live = PERP_STATES.get(int(number(row.contract_status) or 0))
        if quote == "USDT" and row.business_type == "swap" and size is not None and live is not None:
            found.append(Instrument(row.contract_code, *coin_and_multiplier(name), live, contract_size=size))
    return listed(found)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`/v2/reference/currencies?currency=`; raise NoAnswer. HTX names no contract addresses."""
    head = decoded(reply, _Head)
    if number(head.code) != 200 or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {head.code} {(head.message or head.err_msg or '')[:80]}")
    rows = decoded(reply, _Envelope[list[_Currency]]).data
    if not rows or not rows[0].chains:
        raise NoAnswer("no chain told")
    return Transfers(tuple(_network(chain) for chain in rows[0].chains), reply.source, reply.received_ms)


def _head(reply: Reply) -> _Head | None:
    """What came beside the data; None if HTX says that there is no such market; raise NoAnswer."""
    refuse(reply)
    head = decoded(reply, _Head)
    if reply.status == 200 and (head.status == "ok" or _not_open_yet(head)):
        return head
    said = head.err_msg or head.swap_msg or head.message or ""
    if "invalid symbol" in said or number(head.swap_code) in UNKNOWN_CONTRACTS:
        return None
    raise NoAnswer(f"HTTP {reply.status}, {head.err_code or head.swap_code or head.status} {said[:80]}")


def _not_open_yet(head: _Head) -> bool:
    return head.err_msg == NOT_OPEN_YET


def _contracts(reply: Reply) -> list[_Contract] | NotListed:
    return NotListed() if _head(reply) is None else decoded(reply, _Envelope[list[_Contract]]).data


def _network(chain: _Chain) -> NetworkState:
    return NetworkState(
        network=chain.base_chain or chain.display_name or chain.chain,
        deposit=STATES.get(chain.deposit_status, TransferState.UNKNOWN),
        withdrawal=STATES.get(chain.withdraw_status, TransferState.UNKNOWN),
        withdraw_fee={
            "fixed": amount(chain.transact_fee_withdraw),
            "circulated": amount(chain.max_transact_fee_withdraw),  # the upper end of a range
        }.get(chain.withdraw_fee_type),
        withdraw_min=amount(chain.min_withdraw_amt),
        confirmations=whole(chain.num_of_confirmations),
    )
