"""Builds what judges: everyone who can be asked, the pipeline from facts to verdict, and the keepers of its memory."""

from collections.abc import Awaitable, Callable, Mapping, Set
from functools import partial

from msgspec import Struct

from alerts.outcome_desk import OutcomeDesk
from alerts.pictures.drawing import draw
from alerts.verdict_desk import VerdictDesk
from analysis.fetching.coingecko import CoinGecko
from analysis.fetching.everyone import Everyone, Names, no_names
from analysis.fetching.gathering import Sizes
from analysis.fetching.korea import NO_BOOKS, LiveBooks
from analysis.gate_rules import Previous
from analysis.keepers.deposit_watch import DepositWatch
from analysis.keepers.fx_keeper import FxKeeper
from analysis.keepers.instrument_keeper import InstrumentKeeper
from analysis.keepers.outcome_keeper import OutcomeKeeper
from analysis.keepers.size_keeper import SizeKeeper
from analysis.keepers.token_keeper import TokenKeeper
from analysis.keepers.world_keeper import WorldKeeper
from analysis.listing_pipeline import ListingPipeline
from analysis.price_row import price_row
from analysis.ringing import Rung
from analysis.venues.signing import ApiKey
from analysis.verdict import Verdict
from collectors.events import Exchange, Listing
from collectors.exchanges.upbit_key import UpbitKey, bearer
from collectors.listings.sources import Gate
from collectors.net.deadline import within
from collectors.recording.recorder import Recorder
from config.clock import Clock
from config.load import Secrets
from config.settings import Settings
from ops.assembly.channels import nonce, upbit_key
from ops.assembly.ground import Base
from ops.assembly.telling import Telling
from store.tables import decisions, listing_prices
from store.writer import DatabaseWriter

REMEMBER_S = 3.0


class Unjudged:
    """The gate where analysis is switched off: listings are told and kept, nobody judges them."""

    def offer(self, listing: object) -> bool:  # noqa: ARG002 - every listing is as good as another here
        return True


class Judging(Struct, frozen=True):
    """The judging zone of a daemon. `keepers` is its memory, by name; empty where analysis is switched off."""

    pipeline: ListingPipeline
    desk: VerdictDesk
    gate: Gate
    tokens: TokenKeeper
    keepers: Mapping[str, Callable[[], Awaitable[None]]]
    rates: FxKeeper
    deposits: DepositWatch

    def change(self, settings: Settings) -> None:
        """Judge by these from the next look on."""
        self.pipeline.change(settings)
        self.rates.change(settings.radar.gate)


def judging(ground: Base, writer: DatabaseWriter, recorder: Recorder, told: Telling) -> Judging:
    clock, door, radar = ground.clock, ground.door, ground.settings.radar
    desk = VerdictDesk(told.lifeline, told.targets, radar.language, told.outbox.poke)
    tokens = TokenKeeper(
        door, ground.database, writer, clock, ground.settings.networks, ground.secrets.coingecko_api_key
    )
    gecko = CoinGecko(door, clock, tokens.coingecko_ids, ground.secrets.coingecko_api_key)
    sizes = SizeKeeper(gecko.market_cap, clock)
    everyone = everyone_of(ground, tokens.known, recorder.books, sizes)
    deposits = DepositWatch()
    pipeline = ListingPipeline(
        everyone,
        ground.settings,
        clock,
        desk.take,
        partial(_look, writer, deposits),
        desk.keep,
        partial(_remembered, writer, clock),
    )
    yardstick: Exchange = ground.exchanges[0] if ground.exchanges else "upbit"
    rates = FxKeeper(everyone.rates, yardstick, writer, clock, radar.gate, pipeline.hear_rate)
    everyone.patient.on_late = pipeline.hear_late
    if not ground.settings.features.analysis:
        return Judging(pipeline, desk, Unjudged(), tokens, {}, rates, deposits)
    outcomes = OutcomeDesk(ground.database, writer, told.targets, radar.language, draw, told.outbox.poke)
    spread_max = radar.gate.price_spread_max
    keepers = {
        "exchange rates": rates.run,
        "world prices": WorldKeeper(door, partial(_korean_coins, recorder), writer, clock, spread_max).run,
        "outcomes": OutcomeKeeper(ground.database, outcomes.keep, clock).run,
        "token registry": tokens.run,
        "questions under way": everyone.patient.run,
        "market caps": sizes.run,
        "travel rule": everyone.travel_rules.run,
        "keys": everyone.keys.run,
        "instrument lists": InstrumentKeeper(everyone.venues, ground.database, writer, clock).run,
    }
    return Judging(pipeline, desk, pipeline, tokens, keepers, rates, deposits)


def everyone_of(
    ground: Base, names: Names = no_names, live: LiveBooks = NO_BOOKS, sizes: Sizes | None = None
) -> Everyone:
    """Everyone who can be asked, with the keys that the owner gave; `live` books are looked at first."""
    gate, key = ground.settings.radar.gate, upbit_key(ground.secrets)
    upbit = None if key is None else partial(_bearer, key)
    keys = venue_keys(ground.secrets)
    return Everyone(ground.door, ground.clock, gate.venues, gate.source_deadline_s, upbit, names, live, keys, sizes)


def _bearer(key: UpbitKey) -> str:
    return bearer(key, nonce())


def venue_keys(secrets: Secrets) -> dict[str, ApiKey]:
    """The whole ones: half a key is of no use."""
    given = {
        "binance": (secrets.binance_api_key, secrets.binance_api_secret, ""),
        "okx": (secrets.okx_api_key, secrets.okx_api_secret, secrets.okx_api_passphrase),
        "bybit": (secrets.bybit_api_key, secrets.bybit_api_secret, ""),
    }
    return {
        venue: ApiKey(key, secret, phrase)
        for venue, (key, secret, phrase) in given.items()
        if key and secret and phrase is not None
    }


def _korean_coins(recorder: Recorder) -> Set[str]:
    return {market.base for market in recorder.ids if market.quote == "KRW"}


def _look(writer: DatabaseWriter, deposits: DepositWatch, listing: Listing, verdict: Verdict) -> None:
    """Note what a look saw of deposits, and offer what it saw of the price; a full writer costs this one look."""
    deposits.note(listing, verdict)
    price = price_row(verdict)
    if price is not None and listing.listing_id is not None:
        writer.offer(listing_prices.row(listing.listing_id, price))


async def _remembered(writer: DatabaseWriter, clock: Clock, listing: Listing) -> tuple[Rung, Previous | None]:
    """What earlier runs told; a disk that takes no writes does not hold the first verdict up (TimeoutError)."""
    look = partial(decisions.remembered, key=listing.key, listing_id=listing.listing_id)
    return await within(clock, REMEMBER_S, writer.run(look, urgent=True))
