"""Builds what sees listings and leads them to their opening: channels, the book, the desk, the market lists."""

from collections.abc import Mapping, Set
from functools import partial

from msgspec import Struct

from collectors.events import Exchange, Market
from collectors.listings.listing_book import ListingBook
from collectors.listings.market_monitor import MarketMonitor
from collectors.listings.opening import OpeningWatch
from collectors.listings.opening_desk import OpeningDesk
from collectors.listings.sources import Gate
from collectors.recording.universe import Universe
from collectors.repair.auditor import Auditor
from collectors.repair.backfill import Backfill
from collectors.repair.candle_socket import CandleSocket
from config.settings import Settings
from ops.assembly.channels import asset_sources, channels_off, list_sources, notice_sources, push_sources
from ops.assembly.ground import Base
from ops.assembly.judging import Judging
from ops.assembly.recording import Recording, auditor_of, backfill_of, candle_socket_of, market_list, shard_of
from ops.assembly.telling import Telling
from store.writer import DatabaseWriter


class Listings(Struct, frozen=True):
    """Who sees a listing, keeps it, waits for its first trade, heals what was missed of it, and checks what was not."""

    book: ListingBook
    gate: Gate
    monitor: MarketMonitor
    opening: OpeningWatch
    front: OpeningDesk
    universes: tuple[Universe, ...]
    repairs: Mapping[Exchange, Backfill]
    audits: Mapping[Exchange, Auditor]
    candle_socket: CandleSocket | None

    def change(self, settings: Settings) -> None:
        """Catch up, doubt and watch by these from the next look on."""
        channels = settings.radar.channels
        watch = channels.watch if settings.features.other_news else None
        self.book.change(channels.catch_up_max_h, channels.mass_change, watch)

    def offer(self) -> None:
        """Offer every listing that is not over; one that is watched already only gets its news."""
        for listing in self.book.active():
            self.gate.offer(listing)

    async def tick(self) -> None:
        """What time alone brings about, which ends the watch; and what a full gate refused is offered again."""
        for over in await self.book.tick():
            self.gate.offer(over)
        self.offer()


def listings(ground: Base, writer: DatabaseWriter, recording: Recording, judges: Judging, told: Telling) -> Listings:
    radar, clock, recorder = ground.settings.radar, ground.clock, recording.recorder
    book = ListingBook(
        told.lifeline,
        clock,
        radar.language,
        told.targets,
        radar.channels.catch_up_max_h,
        radar.channels.mass_change,
        told.outbox.poke,
        radar.channels.watch if ground.settings.features.other_news else None,
        judges.tokens.note,
    )
    opening = OpeningWatch(recorder, book, judges.gate, clock)

    def young() -> Set[str]:
        return {listing.base for listing in book.active()}

    def watched() -> Set[str]:
        return young() | set(radar.channels.watch)

    repairs = {each: backfill_of(ground, each, writer, recorder, young) for each in ground.exchanges}
    audits = {each: auditor_of(ground, repair, writer, recorder, watched) for each, repair in repairs.items()}
    candle_socket = candle_socket_of(ground, recorder, audits)

    def check_later(market: Market, from_ms: int, to_ms: int) -> None:
        repairs[market.exchange].check_later(market, from_ms, to_ms)

    shard = partial(shard_of, ground, ground.connect, recording.overlaps)
    front = OpeningDesk(ground.exchanges, book, recorder, shard, check_later, opening.known, clock)

    def known(markets: Set[Market]) -> None:
        opening.known(markets)
        front.listed(markets)

    def universe(exchange: Exchange) -> Universe:
        source = market_list(ground, exchange, radar.recording.market_list_s)
        return Universe(exchange, source, recorder, recording.fleets[exchange], clock, known, front.held)

    universes = tuple(universe(exchange) for exchange in ground.exchanges)

    def offer(markets: Set[Market]) -> None:
        for each in universes:
            each.offer(markets)

    monitor = MarketMonitor(
        notice_sources(ground),
        list_sources(ground),
        book,
        judges.gate,
        clock,
        offer,
        channels_off(ground),
        push_sources(ground),
        asset_sources(ground),
    )
    return Listings(book, judges.gate, monitor, opening, front, universes, repairs, audits, candle_socket)
