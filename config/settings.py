"""Settings as frozen, validated values. Pure: plain mappings in, `Settings` or `SettingsError` out.

Each YAML file of the configuration folder is one struct here. An unknown key, a missing number or a wrong type is an
error that names file, key and what was expected; nothing has a silent default except where the field shows one.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

Date = str  # YYYY-MM-DD
KOREAN = ("upbit", "bithumb")
VenueName = Literal["binance", "okx", "bybit", "gate", "bitget", "htx", "coinbase", "kucoin", "mexc", "kraken"]


class SettingsError(ValueError):
    """The configuration cannot be used; the text says file, key, what was expected and what to do."""


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    seconds_s: int = 600
    minutes_days: int = 365
    fx_snapshots_days: int = 7
    quarantine_days: int = 7


class Recording(Struct, frozen=True, forbid_unknown_fields=True):
    """How trades become candles: a second closes `close_after_ms` behind its newest trade, or after `silence_ms`.

    `socket_library` reads the sockets of market data, all of them once in `turn_ms`; what a listing opens on is read at
    once.
    """

    socket_library: Literal["picows", "websockets"] = "picows"
    turn_ms: float = 150.0
    codes_per_connection: int = 200
    close_after_ms: int = 2_000
    silence_ms: int = 3_000
    remember_s: int = 90  # how long a closed second can take a late trade; a connection so far behind is given up
    future_bound_ms: int = 5_000  # a trade stamped further ahead of our clock than this is quarantined
    first_message_s: float = 10.0
    upbit_silent_s: float = 30.0
    bithumb_silent_s: float = 120.0
    reconnect_first_s: float = 0.5
    reconnect_cap_s: float = 30.0
    market_list_s: float = 60.0


class Writing(Struct, frozen=True, forbid_unknown_fields=True):
    """The writer thread: a bounded inbox, and a commit every `batch_rows` rows or `batch_ms`."""

    inbox: int = 10_000
    batch_rows: int = 1_000  # a second of both exchanges and what it says of itself
    batch_ms: int = 200


class Channels(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds between two polls of each listing channel, and how far back a missed listing is still told one by one.

    Market lists and ticker pages are read twice as often from ten minutes before a known opening. `list_mb_per_hour`
    bounds the text (uncompressed megabytes) of each of them; a page that does not fit into it is read less often.
    `watch` are tickers whose delistings, cautions and halts are told besides those of the listings on their way.
    """

    upbit_notices_s: float = 5.0
    upbit_notices_with_key_s: float = 60.0  # while the announcement socket listens and `upbit_notices` is auto
    upbit_market_list_s: float = 1.0
    upbit_ticker_all_s: float = 1.0
    bithumb_notices_s: float = 1.0
    bithumb_market_list_s: float = 1.0
    bithumb_ticker_all_s: float = 1.0
    bithumb_assets_s: float = 5.0
    list_mb_per_hour: float = 800.0  # 190 kB once a second, with a reserve for an opening
    watch: tuple[str, ...] = ()
    catch_up_max_h: float = 24.0
    mass_change: int = 10


class Gate(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of the verdict; basis points of the notional, minutes, USD."""

    notional_krw: Decimal = Decimal(10_000_000)
    margin_bps: Decimal = Decimal(100)
    transfer_p90_max_min: float = 30.0
    volume_min_usd: float = 100_000.0
    gas_max_bps: Decimal = Decimal(100)
    fx_hard_coded_krw: Decimal = Decimal(1_450)
    fx_last_good_max_s: float = 300.0
    hedge_minutes: float = 60.0
    source_deadline_s: float = 0.8
    recheck_s: float = 2.0
    recheck_for_min: float = 60.0
    waive_unknown: tuple[Literal["deposit", "withdrawal", "hedge"], ...] = ()  # price and FX can't be waived
    venues: tuple[VenueName, ...] = ("binance", "okx", "bybit", "gate", "bitget", "htx", "coinbase")
    hysteresis_bps: Decimal = Decimal(50)  # a GO stays until net falls this far under the margin …
    hysteresis_s: float = 10.0  # … for this long, at most a minute
    ring_every_s: float = 60.0  # at most one ringing verdict a listing
    edit_every_s: float = 3.0
    book_max_age_s: float = 10.0  # an order book or price older than this is unknown
    transfer_max_age_s: float = 900.0  # Upbit's own wallet page admits a lag of minutes
    price_spread_max: float = 0.05  # venues further than this from their median are outliers
    weak_identity_max_bps: Decimal = Decimal(5_000)  # a premium above this needs a contract address to be believed


class Alerting(Struct, frozen=True, forbid_unknown_fields=True):
    """How alerts are held and paced. `mute` are tickers whose follow-ups ring nowhere; a first sight always does."""

    medium_quiet_s: float = 300.0
    digest_every_s: float = 3_600.0
    expire_after_s: float = 3_600.0
    chat_per_s: float = 1.0
    group_per_min: float = 20.0
    overall_per_s: float = 30.0
    mute: tuple[str, ...] = ()


class Health(Struct, frozen=True, forbid_unknown_fields=True):
    write_every_s: float = 30.0
    queue_yellow: int = 10_000


class Listen(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the page, metrics and health are served; port 0 takes a free one. Beyond loopback, WEB_TOKEN is needed."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8714


class Radar(Struct, frozen=True, forbid_unknown_fields=True):
    """radar.yaml: how this daemon behaves."""

    language: Literal["ko", "en"] = "ko"
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning"] = "info"
    retention: Retention = Retention()
    recording: Recording = Recording()
    writing: Writing = Writing()
    channels: Channels = Channels()
    gate: Gate = Gate()
    alerting: Alerting = Alerting()
    health: Health = Health()
    listen: Listen = Listen()


class Features(Struct, frozen=True, forbid_unknown_fields=True):
    """features.yaml: what is switched on. Each switch exists because the part behind it exists."""

    record_upbit: bool
    record_bithumb: bool
    upbit_announcement: bool
    upbit_notices: bool | Literal["auto"]  # auto: seldom while the announcement socket listens
    upbit_market_list: bool
    upbit_ticker_all: bool
    bithumb_notices: bool
    bithumb_market_list: bool
    bithumb_ticker_all: bool
    bithumb_assets: bool
    other_news: bool
    analysis: bool
    telegram: bool


class Service(Struct, frozen=True, forbid_unknown_fields=True):
    """One host: where it answers, and under which path the simulator plays it.

    `rates` is requests per second and group, as published or below; `connects_per_s` is for new sockets.
    """

    base_url: str
    simulator_path: str
    rates: Mapping[str, float]
    deadline_s: float = 5.0
    socket_url: str | None = None
    connects_per_s: float = 1.0
    source: str = ""


class Fee(Struct, frozen=True, forbid_unknown_fields=True):
    """A number with its unit, source and date; `review_by` past is a warning of `check-config`."""

    value: Decimal
    unit: str
    source: str
    date: Date
    review_by: Date


class Fees(Struct, frozen=True, forbid_unknown_fields=True):
    """fees.yaml: taker fees by venue, in percent of the notional; `bithumb_coupon` applies the coupon's rate."""

    spot_taker: Mapping[str, Fee]
    perp_taker: Mapping[str, Fee]
    bithumb_coupon: bool
    bithumb_coupon_fee: Fee


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """networks.yaml: one chain, its names at each venue, the estimates for a transfer over it.

    `names` maps a venue to its spellings. Gas in USD a transfer; minutes door to door.
    """

    names: Mapping[str, tuple[str, ...]]
    gas_usd: Fee
    withdrawal_usd: Fee
    p50_min: Fee
    p90_min: Fee


class VaspEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether coins may come from `venue` under the travel rule; `unknown` is shown as unknown."""

    deposit: Literal["yes", "no", "unknown"]
    source: str
    date: Date
    review_by: Date


class Checked(Struct, frozen=True, forbid_unknown_fields=True):
    """Who said something that is no number, and when; `review_by` as for a Fee."""

    source: str
    date: Date
    review_by: Date


class DexVenue(Struct, frozen=True, forbid_unknown_fields=True):
    """hedges.yaml: one decentralised exchange of perpetuals, in percent of the notional; see the file for the terms."""

    taker_fee: Fee
    crossing: Fee
    funding_hour: Fee
    coins: Mapping[str, str]
    coins_checked: Checked


class Settings(Struct, frozen=True):
    """Everything that YAML says. Secrets are not here; see `config/load.py`."""

    radar: Radar
    features: Features
    services: Mapping[str, Service]
    fees: Fees
    networks: Mapping[str, Network]
    vasps: Mapping[str, Mapping[str, VaspEntry]]  # korean exchange -> foreign venue -> entry
    hedges: Mapping[str, DexVenue]


def convert(file: str, raw: object, shape: type[T]) -> T:
    """`raw`, as a YAML parser gives it, as a `shape`; raise SettingsError naming file and key."""
    try:
        return msgspec.convert(raw, shape, strict=True)
    except msgspec.ValidationError as e:
        raise SettingsError(f"{file}: {e}") from e


def build(files: Mapping[str, Any]) -> Settings:
    """Settings from the parsed content of the configuration folder, by file name.

    Raises SettingsError also for what types can't say: a number out of range, a bad date, a fee that is missing.
    """
    settings = Settings(
        radar=convert("radar.yaml", files["radar.yaml"], Radar),
        features=convert("features.yaml", files["features.yaml"], Features),
        services=convert("exchanges.yaml", files["exchanges.yaml"], dict[str, Service]),
        fees=convert("fees.yaml", files["fees.yaml"], Fees),
        networks=convert("networks.yaml", files["networks.yaml"], dict[str, Network]),
        vasps=convert("vasp_matrix.yaml", files["vasp_matrix.yaml"], dict[str, dict[str, VaspEntry]]),
        hedges=convert("hedges.yaml", files["hedges.yaml"], dict[str, DexVenue]),
    )
    return checked(settings)


def checked(settings: Settings) -> Settings:
    """The same, if its parts go together; raise SettingsError for what types can't say."""
    for problem in _problems(settings):
        raise SettingsError(problem)
    return settings


def _problems(settings: Settings) -> Iterator[str]:
    """What types alone can't say, worst first: numbers out of range, bad dates, and what is missing."""
    for file, part in (
        ("radar.yaml", settings.radar),
        ("exchanges.yaml", settings.services),
        ("fees.yaml", settings.fees),
        ("networks.yaml", settings.networks),
        ("vasp_matrix.yaml", settings.vasps),
        ("hedges.yaml", settings.hedges),
    ):
        yield from (f"{file}: {problem}" for problem in _out_of_range(part, "$"))
    for key, fee in numbered(settings):
        if fee.unit not in UNITS:
            yield f"{key}: expected one of the units {', '.join(UNITS)}, got {fee.unit!r}"
    for section, name, most in MOST:
        given = getattr(getattr(settings.radar, section), name)
        if given > most:
            yield f"radar.yaml: expected at most {most}, got {given} - at `$.{section}.{name}`"
    yield from _missing(settings)
    yield from _ambiguous_networks(settings.networks)


UNITS = ("percent", "usd", "min")
CENTURY_DAYS = 36_500  # who writes more means for ever; a time so long ago must still be one that SQLite can hold
MOST = (
    ("gate", "hysteresis_s", 60),  # a GO without its profit must not stand longer
    ("listen", "port", 65_535),
    ("retention", "seconds_s", CENTURY_DAYS * 86_400),
    ("retention", "minutes_days", CENTURY_DAYS),
    ("retention", "fx_snapshots_days", CENTURY_DAYS),
    ("retention", "quarantine_days", CENTURY_DAYS),
)
MAY_BE_ZERO = ("value", "margin_bps", "hysteresis_bps", "hysteresis_s", "catch_up_max_h", "port")


def _out_of_range(value: object, path: str) -> Iterator[str]:
    """Numbers that are not finite or not positive where only a positive one makes sense; dates that are none."""
    if isinstance(value, Struct):
        pairs = [(name, getattr(value, name)) for name in value.__struct_fields__]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        return
    for name, inner in pairs:
        here = f"`{path}.{name}`"
        if isinstance(inner, bool) or inner is None:
            continue
        if isinstance(inner, int | float | Decimal):
            least = "at least 0" if name in MAY_BE_ZERO else "more than 0"
            if not math.isfinite(inner) or inner < 0 or (inner == 0 and name not in MAY_BE_ZERO):
                yield f"expected a number {least}, got {inner} - at {here}"
        elif name in ("date", "review_by") and isinstance(inner, str):
            try:
                date.fromisoformat(inner)
            except ValueError:
                yield f"expected a date like 2026-11-20, got {inner!r} - at {here}"
        else:
            yield from _out_of_range(inner, f"{path}.{name}")


def numbered(settings: Settings) -> Iterator[tuple[str, Fee]]:
    """Every dated number of fees.yaml, networks.yaml and hedges.yaml, with file and key."""
    fees = settings.fees
    for kind, table in (("spot_taker", fees.spot_taker), ("perp_taker", fees.perp_taker)):
        yield from ((f"fees.yaml: {kind}.{venue}", fee) for venue, fee in table.items())
    yield "fees.yaml: bithumb_coupon_fee", fees.bithumb_coupon_fee
    for name, network in settings.networks.items():
        for key in ("gas_usd", "withdrawal_usd", "p50_min", "p90_min"):
            yield f"networks.yaml: {name}.{key}", getattr(network, key)
    for name, dex in settings.hedges.items():
        for key in ("taker_fee", "crossing", "funding_hour"):
            yield f"hedges.yaml: {name}.{key}", getattr(dex, key)


def _missing(settings: Settings) -> Iterator[str]:
    """A fee, host or travel-rule row that judging would have to guess."""
    venues = settings.radar.gate.venues
    for twice in dict.fromkeys(venue for venue in venues if venues.count(venue) > 1):
        yield f"radar.yaml: gate.venues: {twice} stands {venues.count(twice)} times"
    for name in (*KOREAN, *venues):
        if name not in settings.fees.spot_taker:
            yield f"fees.yaml: missing fee `spot_taker.{name}`: expected value, unit, source, date, review_by"
        if name not in settings.services:
            yield f"exchanges.yaml: missing service `{name}`"
    for name in venues:
        if name not in settings.fees.perp_taker:
            yield f"fees.yaml: missing fee `perp_taker.{name}`: expected value, unit, source, date, review_by"
        for korean in KOREAN:
            if name not in settings.vasps.get(korean, {}):
                yield f"vasp_matrix.yaml: missing row `{korean}.{name}`: expected deposit, source, date, review_by"


def _ambiguous_networks(networks: Mapping[str, Network]) -> Iterator[str]:
    """One venue's spelling that stands for two chains: coins sent over the wrong one are lost."""
    owner: dict[tuple[str, str], str] = {}
    for network, entry in networks.items():
        for venue, spellings in entry.names.items():
            for spelling in spellings:
                first = owner.setdefault((venue, spelling.upper()), network)
                if first != network:
                    yield f"networks.yaml: {venue}'s name {spelling!r} stands for both {first} and {network}"
