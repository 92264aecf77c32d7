"""Settings as frozen, validated values. Pure: plain mappings in, `Settings` or `SettingsError` out.

Each YAML file of the configuration folder is one struct here. An unknown key, a missing number or a wrong type is an
error that names file, key and what was expected; nothing has a silent default except where the field shows one.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

Date = str  # YYYY-MM-DD; checked by `check-config`


class SettingsError(ValueError):
    """The configuration cannot be used; the text says file, key, what was expected and what to do."""


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    seconds_s: int = 600
    minutes_days: int = 365
    fx_snapshots_days: int = 7
    quarantine_days: int = 7


class Recording(Struct, frozen=True, forbid_unknown_fields=True):
    """How trades become candles: a second closes `close_after_ms` behind its newest trade, or after `silence_ms`."""

    codes_per_connection: int = 120
    close_after_ms: int = 2_000
    silence_ms: int = 3_000
    remember_s: int = 120  # how long a closed second can still take a late trade
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
    batch_rows: int = 500
    batch_ms: int = 200


class Channels(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds between two polls of each listing channel, and how far back a missed listing is still told one by one."""

    upbit_notices_s: float = 5.0
    upbit_market_list_s: float = 1.0
    upbit_ticker_all_s: float = 1.0
    bithumb_notices_s: float = 1.0
    bithumb_market_list_s: float = 1.0
    bithumb_ticker_all_s: float = 1.0
    bithumb_assets_s: float = 5.0
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
    waive_unknown: tuple[str, ...] = ()


class Alerting(Struct, frozen=True, forbid_unknown_fields=True):
    medium_quiet_s: float = 300.0
    digest_every_s: float = 3_600.0
    expire_after_s: float = 3_600.0
    chat_per_s: float = 1.0
    group_per_min: float = 20.0
    overall_per_s: float = 30.0


class Health(Struct, frozen=True, forbid_unknown_fields=True):
    write_every_s: float = 30.0
    queue_yellow: int = 10_000


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


class Features(Struct, frozen=True, forbid_unknown_fields=True):
    """features.yaml: what is switched on. Each switch exists because the part behind it exists."""

    record_upbit: bool
    record_bithumb: bool
    upbit_announcement: bool
    upbit_notices: bool
    upbit_market_list: bool
    bithumb_notices: bool
    bithumb_market_list: bool
    analysis: bool
    telegram: bool


class Service(Struct, frozen=True, forbid_unknown_fields=True):
    """One host: where it answers, and under which path the simulator plays it.

    `rates` is requests per second and group, as published; `connects_per_s` is for new sockets.
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


class Settings(Struct, frozen=True):
    """Everything that YAML says. Secrets are not here; see `config/load.py`."""

    radar: Radar
    features: Features
    services: Mapping[str, Service]
    fees: Fees
    networks: Mapping[str, Network]
    vasps: Mapping[str, Mapping[str, VaspEntry]]  # korean exchange -> foreign venue -> entry


def convert(file: str, raw: object, shape: type[T]) -> T:
    """`raw`, as a YAML parser gives it, as a `shape`; raise SettingsError naming file and key."""
    try:
        return msgspec.convert(raw, shape, strict=True)
    except msgspec.ValidationError as e:
        raise SettingsError(f"{file}: {e}") from e


def build(files: Mapping[str, Any]) -> Settings:
    """Settings from the parsed content of the configuration folder, by file name."""
    return Settings(
        radar=convert("radar.yaml", files["radar.yaml"], Radar),
        features=convert("features.yaml", files["features.yaml"], Features),
        services=convert("exchanges.yaml", files["exchanges.yaml"], dict[str, Service]),
        fees=convert("fees.yaml", files["fees.yaml"], Fees),
        networks=convert("networks.yaml", files["networks.yaml"], dict[str, Network]),
        vasps=convert("vasp_matrix.yaml", files["vasp_matrix.yaml"], dict[str, dict[str, VaspEntry]]),
    )
