"""The Korean side of a listing, by REST: the KRW book, the day's volume, and whether coins may come in and go out.

What the pages mean is in `collectors/exchanges/`, except for the transfer state: Bithumb's
needs no key (the flags have been seen as 1, true and text; a map and a list), Upbit's needs one (docs.upbit.com
`/v1/status/wallet`, checked 2026-11-20; it may lag by minutes).
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from analysis.fetching.reading import NoAnswer, Reply, Wire, decoded, number, refuse, require_200, transfer_state
from analysis.fetching.sources import DEADLINE_S, Door, Line
from analysis.quotes import Book, Levels, NetworkState, NotListed, Silent, Transfers
from analysis.verdict import TransferState
from collectors.events import Exchange, Market, OrderBook
from collectors.exchanges import bithumb_rest, upbit_rest
from collectors.exchanges.rest import ExchangeError, PageError, Ticker
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

P = TypeVar("P")

FRESH_MS = 5_000  # a quiet book is shown again every few seconds; one older than this is asked for

UPBIT_LAG = "may lag by minutes"
RIVAL: Mapping[Exchange, Exchange] = {"upbit": "bithumb", "bithumb": "upbit"}
NO_KEY = "Upbit tells transfer state only with a key (UPBIT_ACCESS_KEY)"
# wallet_state -> deposit, withdrawal. "unsupported" has neither.
UPBIT_STATES = {
    "working": (TransferState.OPEN, TransferState.OPEN),
    "deposit_only": (TransferState.OPEN, TransferState.CLOSED),
    "withdraw_only": (TransferState.CLOSED, TransferState.OPEN),
    "paused": (TransferState.CLOSED, TransferState.CLOSED),
    "unsupported": (TransferState.CLOSED, TransferState.CLOSED),
}


class KoreanAnswer(Struct, frozen=True):
    """What one Korean exchange said of one coin against KRW; the parts succeed and fail apart. `rival`: the other's.

    A market that is shown but not open yet has a book with empty sides.
    """

    exchange: Exchange
    base: str
    book: Book | NotListed | Silent
    ticker: Ticker | NotListed | Silent
    transfers: Transfers | Silent
    taken_ms: int
    rival: Book | NotListed | Silent = Silent("not asked")


class LiveBooks(Protocol):
    """The newest order books that the sockets brought; None where nobody listens."""

    def latest(self, market: Market) -> OrderBook | None: ...


class _NoBooks:
    def latest(self, market: Market) -> OrderBook | None:  # noqa: ARG002 - nobody listens to any
        return None


class _Asset(Struct):
    currency: str
    net_type: str
    deposit_status: Wire = None
    withdrawal_status: Wire = None


class _Assets(Struct):
    status: str
    data: list[_Asset] | dict[str, msgspec.Raw] | None = None
    message: str = ""


class _Wallet(Struct):
    currency: str
    net_type: str = ""
    network_name: str = ""
    wallet_state: str = ""
    block_state: str | None = None
    block_elapsed_minutes: Wire = None


def parse_books(exchange: Exchange, reply: Reply) -> dict[str, Book] | NotListed:
    """`/v1/orderbook` of either exchange, by coin; not listed if any code asked for is unknown. Raise NoAnswer."""
    parse = upbit_rest.parse_books if exchange == "upbit" else bithumb_rest.parse_books
    books = _page(reply, lambda: parse(reply.status, reply.body, reply.received_ms))
    if isinstance(books, NotListed):
        return books
    return {
        book.market.base: Book(Levels(book.bids), Levels(book.asks), book.taken_ms, book.received_ms, reply.source)
        for book in books
    }


def parse_ticker(exchange: Exchange, base: str, reply: Reply) -> Ticker | NotListed:
    """`/v1/ticker` of one market; a market that has not traded yet has no price. Raise NoAnswer."""
    parse = upbit_rest.parse_tickers if exchange == "upbit" else bithumb_rest.parse_tickers
    tickers = _page(reply, lambda: parse(reply.status, reply.body))
    if isinstance(tickers, NotListed):
        return tickers
    found = next((ticker for ticker in tickers if ticker.market == Market(exchange, base, "KRW")), None)
    if found is None:
        raise NoAnswer("no price yet")
    return found


def parse_bithumb_transfers(base: str, reply: Reply) -> Transfers:
    """`/public/assetsstatus/multichain/{coin}`, its data as a list or as a map; raise NoAnswer."""
    require_200(reply)
    page = decoded(reply, _Assets)
    if page.status != "0000":
        raise NoAnswer(f"status {page.status[:8]} {page.message[:80]}")
    rows = page.data if isinstance(page.data, list) else _flattened(page.data or {})
    networks = tuple(
        NetworkState(row.net_type, transfer_state(row.deposit_status), transfer_state(row.withdrawal_status))
        for row in rows
        if row.currency == base
    )
    if not networks:
        raise NoAnswer(f"no network of {base} told")
    return Transfers(networks, reply.source, reply.received_ms)


def parse_upbit_transfers(base: str, reply: Reply) -> Transfers:
    """`/v1/status/wallet`, every coin's; raise NoAnswer."""
    require_200(reply)
    rows = [row for row in decoded(reply, list[_Wallet]) if row.currency == base]
    if not rows:
        raise NoAnswer(f"no network of {base} told")
    return Transfers(tuple(_wallet(row) for row in rows), reply.source, reply.received_ms, UPBIT_LAG)


NO_BOOKS = _NoBooks()


class Korea:
    """Asks Upbit or Bithumb about one coin. `upbit_bearer` makes the `Authorization` header; None: there is no key."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
        upbit_bearer: Callable[[], str] | None = None,
        live: LiveBooks = NO_BOOKS,
    ) -> None:
        self._clock = clock
        self._live = live
        self._lines: Mapping[Exchange, Line] = {
            "upbit": Line(door, "upbit", deadline_s),
            "bithumb": Line(door, "bithumb", deadline_s),
        }
        self._upbit_bearer = upbit_bearer

    async def ask(self, exchange: Exchange, base: str) -> KoreanAnswer:
        async with TaskGroup() as calls:
            book = calls.create_task(self._book(exchange, base))
            ticker = calls.create_task(self._ticker(exchange, base))
            transfers = calls.create_task(self.transfers(exchange, base))
            rival = calls.create_task(self._book(RIVAL[exchange], base))
        told = book.result(), ticker.result(), transfers.result()
        return KoreanAnswer(exchange, base, *told, self._clock.now_ms(), rival.result())

    async def transfers(self, exchange: Exchange, base: str) -> Transfers | Silent:
        """Deposits and withdrawals by network; silent where the exchange does not tell, never "closed"."""
        if exchange == "bithumb":
            return await self._lines["bithumb"].ask(
                f"/public/assetsstatus/multichain/{quote(base, safe='')}",
                lambda reply: parse_bithumb_transfers(base, reply),
                group="assets",
            )
        if self._upbit_bearer is None:
            return Silent(NO_KEY)
        return await self._lines["upbit"].ask(
            "/v1/status/wallet",
            lambda reply: parse_upbit_transfers(base, reply),
            headers={"Authorization": self._upbit_bearer()},
            group="exchange",
        )

    async def _book(self, exchange: Exchange, base: str) -> Book | NotListed | Silent:
        """The socket's book while it is fresh, else REST's; either says when it was taken."""
        markets = [Market(exchange, base, "KRW")]
        live = self._live.latest(markets[0])
        if live is not None and self._clock.now_ms() - live.received_ms <= FRESH_MS:
            bids, asks = Levels(live.bids), Levels(live.asks)
            return Book(bids, asks, live.taken_ms, live.received_ms, f"{exchange} socket")
        request = upbit_rest.order_book(markets) if exchange == "upbit" else bithumb_rest.order_book(markets)
        books = await self._lines[exchange].ask(
            request.path,
            lambda reply: parse_books(exchange, reply),
            params=dict(request.params),
            group=request.group,
        )
        if isinstance(books, NotListed | Silent):
            return books
        return books.get(base, Silent("an empty answer"))

    async def _ticker(self, exchange: Exchange, base: str) -> Ticker | NotListed | Silent:
        markets = [Market(exchange, base, "KRW")]
        request = upbit_rest.ticker(markets) if exchange == "upbit" else bithumb_rest.ticker(markets)
        return await self._lines[exchange].ask(
            request.path,
            lambda reply: parse_ticker(exchange, base, reply),
            params=dict(request.params),
            group=request.group,
        )


def _page(reply: Reply, parse: Callable[[], tuple[P, ...]]) -> tuple[P, ...] | NotListed:
    """Both exchanges say 404 in their error envelope for an unknown code, Bithumb maybe with HTTP 200."""
    refuse(reply)
    try:
        return parse()
    except ExchangeError as e:
        if e.name == "404" and e.message:
            return NotListed()
        raise NoAnswer(str(e)) from e
    except PageError as e:
        raise NoAnswer(str(e)) from e


def _flattened(data: Mapping[str, msgspec.Raw]) -> list[_Asset]:
    """`ALL` as a map: coin -> row or rows."""
    rows: list[_Asset] = []
    for raw in data.values():
        try:
            found = msgspec.json.decode(raw, type=_Asset | list[_Asset])
        except msgspec.DecodeError as e:
            raise NoAnswer(f"unreadable: {e}") from e
        rows += found if isinstance(found, list) else [found]
    return rows


def _wallet(row: _Wallet) -> NetworkState:
    deposit, withdrawal = UPBIT_STATES.get(row.wallet_state, (TransferState.UNKNOWN, TransferState.UNKNOWN))
    note = "" if row.block_state in (None, "normal") else f"blocks {row.block_state}"
    if row.block_state == "inactive":  # whatever the wallet says, nobody sees what is sent over this chain
        deposit = deposit if deposit is TransferState.CLOSED else TransferState.UNKNOWN
    elapsed_min = number(row.block_elapsed_minutes)
    block_age_ms = round(elapsed_min * 60_000) if elapsed_min is not None and elapsed_min >= 0 else None
    network = row.net_type or row.network_name
    return NetworkState(network, deposit, withdrawal, note=note, block_age_ms=block_age_ms)
