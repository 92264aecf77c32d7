"""Builds the listing channels that the switches and keys allow, and says why the others do not run."""

import random
import uuid
from functools import partial

from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.events import Channel
from collectors.exchanges import upbit_announcement
from collectors.exchanges.upbit_key import UpbitKey
from collectors.listings.byte_budget import ByteBudget
from collectors.listings.market_monitor import AssetSource, ListSource, NoticeSource, PushSource
from collectors.net.socket import connector
from config.check import off
from config.load import Secrets
from ops.assembly.ground import Base


def nonce() -> str:
    return str(uuid.uuid4())


def upbit_key(secrets: Secrets) -> UpbitKey | None:
    """The whole key; half of one is of no use."""
    access, secret = secrets.upbit_access_key, secrets.upbit_secret_key
    return UpbitKey(access, secret) if access and secret else None


def notice_sources(ground: Base) -> list[NoticeSource]:
    features, paces = ground.settings.features, ground.settings.radar.channels
    sources: list[NoticeSource] = []
    if features.upbit_notices:
        sources.append(UpbitNotices(ground.door, ground.clock, paces.upbit_notices_s))
    if features.bithumb_notices:
        sources.append(BithumbNotices(ground.door, ground.clock, paces.bithumb_notices_s))
    return sources


def push_sources(ground: Base) -> list[PushSource]:
    """Upbit's announcement socket, where there is a key for it."""
    features, paces = ground.settings.features, ground.settings.radar.channels
    key = upbit_key(ground.secrets)
    if not features.upbit_announcement or key is None:
        return []
    spare_the_site = features.upbit_notices == "auto"
    socket = UpbitAnnouncement(
        ground.addresses.sockets["upbit"] + upbit_announcement.PATH,
        key,
        connector("websockets"),  # it alone gives the whole of a refusal, which names what is wrong with a key
        ground.clock,
        ground.limits,
        paces.upbit_notices_with_key_s if spare_the_site else paces.upbit_notices_s,
        nonce=nonce,
        jitter=random.random,
    )
    return [socket]


def list_sources(ground: Base) -> list[ListSource]:
    """Market lists and ticker pages, each inside a byte budget of its own."""
    features, paces, door, clock = ground.settings.features, ground.settings.radar.channels, ground.door, ground.clock
    new_budget = partial(_budget, ground)
    sources: list[ListSource] = []
    if features.upbit_market_list:
        sources.append(UpbitMarketList(door, clock, paces.upbit_market_list_s, new_budget()))
    if features.upbit_ticker_all:
        sources.append(UpbitTickerAll(door, clock, paces.upbit_ticker_all_s, new_budget()))
    if features.bithumb_market_list:
        sources.append(BithumbMarketList(door, clock, paces.bithumb_market_list_s, new_budget()))
    if features.bithumb_ticker_all:
        sources.append(BithumbTickerAll(door, clock, paces.bithumb_ticker_all_s, new_budget()))
    return sources


def asset_sources(ground: Base) -> list[AssetSource]:
    if not ground.settings.features.bithumb_assets:
        return []
    every_s = ground.settings.radar.channels.bithumb_assets_s
    return [BithumbAssets(ground.door, ground.clock, every_s, _budget(ground))]


def _budget(ground: Base) -> ByteBudget:
    return ByteBudget(ground.settings.radar.channels.list_mb_per_hour * 1e6)


def channels_off(ground: Base) -> dict[Channel, str]:
    """Listing channels that do not run, and why: a switch in features.yaml, or no key."""
    why = {each.what: each.why for each in off(ground.settings.features, ground.secrets)}
    switches = {channel: channel.value.replace(":", "_") for channel in Channel}
    return {channel: why[switch] for channel, switch in switches.items() if switch in why}
