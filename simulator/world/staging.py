"""A listing as it unfolds, staged on a world: notice, transfers, market list, first trade, premium; and its edits.

All times follow from the moment of the call. An edit takes back what has not happened yet and stages it again.
"""

import math
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from simulator.orders import ListingEdit, ListingOrder, MarketOrder, NoticeEdit, NoticeOrder, VenueOrder, WalletOrder
from simulator.world.bulletin import LISTING_CATEGORIES, OTHER_CATEGORIES, kst_text, listing_body, listing_title
from simulator.world.prices import Path
from simulator.world.universe import Coin, invented_coin
from simulator.world.values import SimMarket, SimNotice
from simulator.world.venues import VENUE_NAMES
from simulator.world.world import EXCHANGES, World

DEFAULT_QUOTES = {"upbit": ("KRW", "BTC", "USDT"), "bithumb": ("KRW",)}
LIST_LEAD_MS = 60_000  # the market list shows a coin at most this long before its trading starts
LIST_LEAD_SHARE = 0.3  # and not before this share of the time between announcement and start is left

# The default premium: (seconds from the opening, share of the peak); it stays at its last value.
PREMIUM_SHAPE = ((0, 0.35), (4, 1.0), (15, 0.8), (45, 0.5), (120, 0.3), (300, 0.16), (900, 0.06), (3600, 0.02))
OPENING_RATE_HZ = 12.0  # clusters of trades a second in the first moments; it decays
SETTLED_RATE_HZ = 1.5
RATE_HALF_LIFE_MS = 60_000
SPREAD_BPS = 12.0
OTHER_RATE_HZ = 1.0  # of a market that is simply added

POSTPONED = {"upbit": " (거래지원 개시 시점 연기 안내)", "bithumb": " (거래 오픈 시간 변경)"}
CANCELLED = {"upbit": " (거래지원 취소 안내)", "bithumb": " (마켓 추가 취소)"}


class BadOrder(ValueError):
    """The world cannot do what was asked for; the text says why."""


class Staged(Struct):
    """One listing on its way. `revision` rises with each edit, so that what was planned before it is void."""

    exchange: str
    coin: Coin
    quotes: tuple[str, ...]
    title: str
    body: str
    notice_id: int | None
    announced_ms: int | None
    deposits_ms: int
    trading_starts_ms: int
    deposit_open: bool
    premium: tuple[tuple[float, float], ...]
    revision: int = 0
    published: bool = False
    trading: bool = False
    cancelled: bool = False


class Stage:
    """Carries out what the control calls ask for; raises BadOrder where that is impossible."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._staged: list[Staged] = []

    # ---------------------------------------------------------------- listings

    def list_coin(self, order: ListingOrder) -> Staged:
        """Stage a listing; see the contracts for the meaning of each field."""
        world, now_ms = self._world, self._world.clock.now_ms()
        exchange = _exchange(order.exchange)
        quotes = tuple(order.quotes or DEFAULT_QUOTES[exchange])
        for quote in quotes:
            if quote not in ("KRW", "BTC", "USDT"):
                raise BadOrder(f"quotes: {quote!r} is none of KRW, BTC, USDT")
            if f"{quote}-{order.base}" in world.markets(exchange):
                raise BadOrder(f"{exchange} lists {quote}-{order.base} already")
        announced_ms = None if order.announce_in_s is None else now_ms + round(order.announce_in_s * 1000)
        starts_ms = now_ms + round(order.trading_in_s * 1000)
        if announced_ms is not None and announced_ms > starts_ms:
            raise BadOrder("trading_in_s: the trading cannot start before the announcement")
        deposits_in_s = order.deposits_in_s
        if deposits_in_s is None:
            deposits_in_s = ((order.announce_in_s or 0.0) + order.trading_in_s) / 2
        deposits_ms = now_ms + round(deposits_in_s * 1000)
        premium = _premium_points(order)
        coin = self._coin(order)
        networks = coin.networks
        staged = Staged(
            exchange=exchange,
            coin=coin,
            quotes=quotes,
            title=order.title or listing_title(exchange, coin.korean_name, coin.base, quotes),
            body=order.body
            or listing_body(exchange, coin.korean_name, coin.base, quotes, starts_ms, deposits_ms, networks),
            notice_id=None if announced_ms is None else world.bulletin(exchange).reserve(),
            announced_ms=announced_ms,
            deposits_ms=deposits_ms,
            trading_starts_ms=starts_ms,
            deposit_open=order.deposit_open,
            premium=premium,
        )
        self._staged.append(staged)
        self._schedule(staged)
        return staged

    def edit_listing(self, edit: ListingEdit) -> Staged:
        """Postpone or cancel a listing that does not trade yet; its notice is edited at once, if it is out."""
        staged = next(
            (s for s in reversed(self._staged) if (s.exchange, s.coin.base) == (edit.exchange, edit.base)), None
        )
        if staged is None:
            raise BadOrder(f"no listing of {edit.base} was staged at {edit.exchange}")
        if staged.cancelled or staged.trading:
            raise BadOrder(f"the listing of {edit.base} {'was cancelled' if staged.cancelled else 'trades already'}")
        if edit.cancel == (edit.postpone_s is not None):
            raise BadOrder("say either postpone_s or cancel")
        staged.revision += 1
        if edit.cancel:
            staged.cancelled = True
            staged.title += CANCELLED[staged.exchange]
            for quote in staged.quotes:
                self._world.hide(staged.exchange, f"{quote}-{staged.coin.base}")
        elif edit.postpone_s is not None:
            by_ms = round(edit.postpone_s * 1000)
            now_ms = self._world.clock.now_ms()
            staged.trading_starts_ms = max(now_ms, staged.trading_starts_ms + by_ms)
            if staged.deposits_ms > now_ms:
                staged.deposits_ms = min(staged.deposits_ms + by_ms, staged.trading_starts_ms)
            staged.title += POSTPONED[staged.exchange]
            word = "연기된 거래지원 개시 시점" if staged.exchange == "upbit" else "변경된 거래 오픈"
            staged.body += f"\n{word}: {kst_text(staged.trading_starts_ms)} KST"
        if staged.published and staged.notice_id is not None:
            self._world.bulletin(staged.exchange).edit(
                staged.notice_id, self._world.clock.now_ms(), staged.title, staged.body
            )
        self._schedule(staged)
        return staged

    def _schedule(self, staged: Staged) -> None:
        revision = staged.revision

        def unless_edited(at_ms: int, step: Callable[[Staged], None]) -> None:
            self._world.at(at_ms, lambda: step(staged) if staged.revision == revision else None)

        if not staged.published and staged.announced_ms is not None:
            unless_edited(staged.announced_ms, self._announce)
        if staged.cancelled:
            return
        begin_ms = self._world.clock.now_ms() if staged.announced_ms is None else staged.announced_ms
        lead_ms = min(LIST_LEAD_MS, round(max(0, staged.trading_starts_ms - begin_ms) * LIST_LEAD_SHARE))
        unless_edited(max(begin_ms, staged.trading_starts_ms - lead_ms), self._preview)
        unless_edited(staged.deposits_ms, self._open_deposits)
        unless_edited(staged.trading_starts_ms, self._open_trading)

    def _announce(self, staged: Staged) -> None:
        if staged.notice_id is None or staged.announced_ms is None:
            return
        staged.published = True
        categories = LISTING_CATEGORIES[staged.exchange]
        self._world.bulletin(staged.exchange).publish(
            staged.notice_id, staged.title, staged.body, categories, staged.announced_ms
        )
        self._wallets(staged, deposit=False, withdrawal=False)

    def _preview(self, staged: Staged) -> None:
        for quote in staged.quotes:
            self._world.show(self._listed(staged, quote))

    def _open_deposits(self, staged: Staged) -> None:
        self._wallets(staged, deposit=staged.deposit_open, withdrawal=staged.trading and staged.deposit_open)

    def _open_trading(self, staged: Staged) -> None:
        staged.trading = True
        opens_deposits = staged.deposit_open and staged.deposits_ms <= staged.trading_starts_ms
        self._wallets(staged, deposit=opens_deposits, withdrawal=opens_deposits)
        world = self._world
        opened_ms = staged.trading_starts_ms - world.start_ms

        def rate(at_ms: int) -> float:
            return SETTLED_RATE_HZ + OPENING_RATE_HZ * math.exp2(-max(0, at_ms - opened_ms) / RATE_HALF_LIFE_MS)

        for quote in staged.quotes:
            fair = world.krw_mid(staged.exchange, staged.coin.base, quote)
            mid = _with_premium(fair, opened_ms, staged.premium)
            busy = rate if quote == "KRW" else lambda at_ms: rate(at_ms) / 10
            world.open_market(self._listed(staged, quote), mid, busy, world.trading_size(quote), SPREAD_BPS)

    def _wallets(self, staged: Staged, deposit: bool, withdrawal: bool) -> None:
        for network in staged.coin.networks:
            self._world.set_wallet(staged.exchange, staged.coin.base, network, deposit, withdrawal)

    def _listed(self, staged: Staged, quote: str) -> SimMarket:
        coin = staged.coin
        return SimMarket(
            exchange=staged.exchange,
            code=f"{quote}-{coin.base}",
            base=coin.base,
            quote=quote,
            korean_name=coin.korean_name,
            english_name=coin.english_name,
            state="PREVIEW",
            listed_ms=self._world.clock.now_ms(),
            trading_starts_ms=staged.trading_starts_ms,
        )

    # ---------------------------------------------------------------- coins and venues

    def _coin(self, order: ListingOrder) -> Coin:
        """The coin as the order describes it, known to the world and to the venues from now on."""
        world = self._world
        known = world.coin(order.base)
        venues = order.venues
        for name in venues or {}:
            if name not in VENUE_NAMES:
                raise BadOrder(f"venues: {name!r} is none of {', '.join(VENUE_NAMES)}")
        if known is None:
            price = next((v.price for v in (venues or {}).values() if v and v.price), None)
            coin = invented_coin(world.seed, order.base, price)
        else:
            coin = known
        if order.networks:
            coin = msgspec.structs.replace(coin, networks=tuple(order.networks))
        if order.name:
            coin = msgspec.structs.replace(coin, korean_name=order.name)
        if coin is not known:
            world.add_coin(coin)
        named: dict[str, VenueOrder | None] = dict(venues or {})
        if known is None and venues is None:
            named = {name: VenueOrder() for name in VENUE_NAMES}
        for name in VENUE_NAMES:
            venue = world.venue(name)
            wanted = named.get(name, VenueOrder() if known is not None and order.base in venue.bases() else None)
            if wanted is None:
                venue.delist_coin(order.base)
            else:
                self._set_venue(name, coin, wanted, order.withdrawal_open, new=known is None)
        return coin

    def _set_venue(self, name: str, coin: Coin, wanted: VenueOrder, withdrawal_open: bool, new: bool) -> None:
        world = self._world
        venue = world.venue(name)
        entry = venue.list_coin(coin)
        entry.coin = coin
        entry.withdrawal = withdrawal_open if wanted.withdrawal is None else wanted.withdrawal
        if wanted.price is not None:
            entry.factor = wanted.price / world.fair(coin.base)(world.clock.now_ms() - world.start_ms)
        if wanted.perp is not None or new:
            entry.perp = wanted.perp is not False
        if wanted.contract is not None:
            entry.contract = wanted.contract
        if wanted.latency_ms is not None:
            venue.latency_ms = wanted.latency_ms

    # ---------------------------------------------------------------- notices, market lists, wallets

    def publish(self, order: NoticeOrder) -> SimNotice:
        """Put up any other notice, now."""
        exchange = _exchange(order.exchange)
        category = order.category
        categories = OTHER_CATEGORIES[exchange] if category is None else _as_tuple(category)
        board = self._world.bulletin(exchange)
        body = order.title if order.body is None else order.body
        return board.publish(board.reserve(), order.title, body, categories, self._world.clock.now_ms())

    def edit_notice(self, edit: NoticeEdit) -> SimNotice:
        """Change a notice's title or body; it is named by its number or, at Upbit, its uuid."""
        exchange = _exchange(edit.exchange)
        named = str(edit.notice_id)
        found = next(
            (n for n in self._world.notices(exchange) if named in (str(n.notice_id), n.uuid)),
            None,
        )
        if found is None:
            raise BadOrder(f"{exchange} has no notice {named}")
        return self._world.bulletin(exchange).edit(found.notice_id, self._world.clock.now_ms(), edit.title, edit.body)

    def change_market(self, order: MarketOrder) -> str:
        """Add, remove or rename a market at once; answers its code afterwards."""
        world, exchange = self._world, _exchange(order.exchange)
        listed = world.markets(exchange)
        quote, dash, base = order.code.partition("-")
        if not (dash and base) or quote not in ("KRW", "BTC", "USDT"):
            raise BadOrder(f"code: {order.code!r} is not of the form KRW-BTC")
        if (order.code in listed) == (order.op == "add"):
            raise BadOrder(f"{exchange} {'lists' if order.op == 'add' else 'does not list'} {order.code}")
        if order.op == "remove":
            world.hide(exchange, order.code)
            return order.code
        if order.op == "rename":
            new_code = order.to or f"{order.code}2"
            if not new_code.startswith(f"{quote}-") or new_code in listed:
                raise BadOrder(f"to: {new_code!r} is no new code with the same quote")
            world.rename(exchange, order.code, new_code)
            return new_code
        coin = world.coin(base)
        if coin is None:
            coin = invented_coin(world.seed, base)
            world.add_coin(coin)
        added = SimMarket(exchange, order.code, base, quote, coin.korean_name, coin.english_name)
        mid = world.krw_mid(exchange, base, quote)
        world.open_market(added, mid, lambda _: OTHER_RATE_HZ, world.trading_size(quote), SPREAD_BPS)
        if base not in world.wallets(exchange):
            world.set_networks(exchange, coin)
        return order.code

    def set_wallet(self, order: WalletOrder) -> None:
        self._world.set_wallet(_exchange(order.exchange), order.base, order.network, order.deposit, order.withdrawal)


def _exchange(name: str) -> str:
    if name not in EXCHANGES:
        raise BadOrder(f"exchange: {name!r} is none of {', '.join(EXCHANGES)}")
    return name


def _as_tuple(category: str | list[str]) -> tuple[str, ...]:
    return (category,) if isinstance(category, str) else tuple(category)


def _premium_points(order: ListingOrder) -> tuple[tuple[float, float], ...]:
    if not order.premium_path:
        return tuple((float(at_s), share * order.premium_pct) for at_s, share in PREMIUM_SHAPE)
    points = tuple((float(at_s), float(pct)) for at_s, pct in order.premium_path)
    if list(points) != sorted(points, key=lambda point: point[0]):
        raise BadOrder("premium_path: its seconds must rise")
    if any(pct <= -100 for _, pct in points):
        raise BadOrder("premium_path: a premium is above -100 percent")
    return points


def _with_premium(fair: Path, opened_ms: int, points: Sequence[tuple[float, float]]) -> Path:
    """The path lifted by the premium, in percent, that lies on straight lines between the points."""

    def premium_pct(since_s: float) -> float:
        earlier = points[0]
        for later in points:
            if since_s < later[0]:
                span = later[0] - earlier[0]
                share = (since_s - earlier[0]) / span if span > 0 else 1.0
                return earlier[1] + (later[1] - earlier[1]) * max(0.0, share)
            earlier = later
        return earlier[1]

    return lambda at_ms: fair(at_ms) * (1.0 + premium_pct((at_ms - opened_ms) / 1000) / 100)
