"""Builds what records: connections, buckets, the minute, and what heals the gaps of one exchange."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence, Set

from msgspec import Struct

from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.events import Exchange, Market
from collectors.feeds.fleet import Fleet
from collectors.feeds.overlap import Overlap
from collectors.feeds.robust_ws import Pace, Shard
from collectors.listings.market_monitor import ListSource
from collectors.net.socket import Connect
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from collectors.recording.universe import Universe
from collectors.repair.auditor import Auditor
from collectors.repair.backfill import Backfill
from collectors.repair.candle_socket import EXCHANGE, PATH, CandleSocket
from collectors.repair.history import History
from ops.assembly.ground import FEEDS, Base
from ops.process.lifetimes import running
from store.writer import DatabaseWriter


class Recording(Struct, frozen=True):
    """The recording zone of a daemon. `fleets` may be empty until `begin` has run."""

    recorder: Recorder
    aggregator: Aggregator
    overlaps: Mapping[Exchange, Overlap]
    fleets: Mapping[Exchange, Fleet]


async def begun(ground: Base, writer: DatabaseWriter) -> Recording:
    """Take up what an earlier run left, roll what it did not, and build the connections."""
    recorder = Recorder(writer, ground.clock, ground.settings.radar.recording, ground.exchanges)
    await recorder.start()
    aggregator = Aggregator(writer, recorder, ground.clock, ground.settings.radar.retention)
    await aggregator.heal()
    overlaps = {exchange: Overlap(recorder) for exchange in ground.exchanges}
    fleets = {exchange: fleet_of(ground, exchange, overlaps) for exchange in ground.exchanges}
    return Recording(recorder, aggregator, overlaps, fleets)


def shard_of(
    ground: Base,
    connect: Connect,
    overlaps: Mapping[Exchange, Overlap],
    exchange: Exchange,
    markets: Sequence[Market],
    pace: Pace,
) -> Shard:
    """One connection; what it tells counts together with what the others of its exchange tell."""
    feed = FEEDS[exchange]
    url = ground.addresses.sockets[feed.service] + feed.path
    sink = overlaps[exchange].handle()
    return Shard(feed, url, markets, connect, sink, ground.clock, ground.limits, pace, random.random)


def fleet_of(ground: Base, exchange: Exchange, overlaps: Mapping[Exchange, Overlap]) -> Fleet:
    """The connections of one exchange."""
    recording = ground.settings.radar.recording
    silent_s = {"upbit": recording.upbit_silent_s, "bithumb": recording.bithumb_silent_s}[exchange]
    pace = Pace(
        silent_s=silent_s,
        first_message_s=recording.first_message_s,
        reconnect_first_s=recording.reconnect_first_s,
        reconnect_cap_s=recording.reconnect_cap_s,
    )

    def shard(markets: Sequence[Market]) -> Shard:
        return shard_of(ground, ground.connect_in_turns, overlaps, exchange, markets, pace)

    return Fleet(shard, recording.codes_per_connection)


def backfill_of(
    ground: Base, exchange: Exchange, writer: DatabaseWriter, recorder: Recorder, young: Callable[[], Set[str]]
) -> Backfill:
    """What heals the gaps of one exchange, those of `young` coins first."""
    history = History(exchange, ground.door, ground.clock)
    return Backfill(history, writer, recorder, ground.clock, ground.settings.radar.retention, young)


def auditor_of(
    ground: Base, repair: Backfill, writer: DatabaseWriter, recorder: Recorder, watched: Callable[[], Set[str]]
) -> Auditor:
    """What holds the record of one exchange against its own candles, that of `watched` coins each minute."""
    history = History(repair.exchange, ground.door, ground.clock)
    return Auditor(history, writer, recorder, repair, ground.clock, watched)


def candle_socket_of(ground: Base, recorder: Recorder, audits: Mapping[Exchange, Auditor]) -> CandleSocket | None:
    """What hears Upbit's own seconds for its audit; None where Upbit is not recorded."""
    if (audit := audits.get(EXCHANGE)) is None:
        return None
    url = ground.addresses.sockets[EXCHANGE] + PATH
    connect = ground.connect_in_turns
    return CandleSocket(url, connect, ground.clock, ground.limits, recorder, audit.told, random.random)


def market_list(ground: Base, exchange: Exchange, every_s: float) -> ListSource:
    kind = UpbitMarketList if exchange == "upbit" else BithumbMarketList
    return kind(ground.door, ground.clock, every_s)


async def record(universe: Universe, every_s: float) -> None:
    """Keep what is recorded of one exchange equal to what it trades, for ever."""
    await universe.begin()
    async with running(universe.run(), universe.look_again(every_s)):
        await asyncio.Event().wait()
