"""The founding checks of analysis and gate under their numbers, those of alerts and of the daemon apart.

39 to 44 and 47 are in test_alerts.py; 45, 46 and 54 belong to the daemon. The good case and its arithmetic are told in
`tests/fakes/evidence.py` and `tests/analysis/test_gate.py`.
"""

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import alerts
import analysis
from alerts.alert import AlertLevel
from analysis.cost_model import CostModel, hedge_part
from analysis.evidence import Evidence, FxLegs
from analysis.gate import decide
from analysis.premium import FxStep, choose_fx, global_vwap, premium
from analysis.quotes import NotListed
from analysis.verdict import Outcome, TransferState, Verdict
from analysis.weigh import weigh
from config.load import FILES, load_settings, read_yaml
from config.settings import (
    Features,
    Fees,
    Network,
    Service,
    SettingsError,
    VaspEntry,
    convert,
)
from store.cache import Tier, TtlCache
from store.tables import fx
from tests.analysis.test_premium import priced
from tests.fakes.blank import open_blank
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import (
    NOW,
    book,
    evidence,
    good_perp,
    good_spot,
    good_transfers,
    korean,
    legs,
    network,
    settings,
    two_sided,
    venue,
)

CONFIG = Path(__file__).resolve().parents[2] / "config"
NOTIONAL = Decimal(10_000_000)
USDT = 10_000_000 / 1_400
MODEL = CostModel.of(settings())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_blank(tmp_path / "radar.db")
    yield connection
    connection.close()


def columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def blockers(verdict: Verdict) -> set[str]:
    return {blocker.code for blocker in verdict.blockers}


def warnings(verdict: Verdict) -> set[str]:
    return {warning.code for warning in verdict.warnings}


def no_go_because(given: Evidence, code: str, **gate: object) -> bool:
    """Whether the reason blocks this case, while the good case passes with the same settings' defaults."""
    verdict = decide(given, settings(**gate))  # type: ignore[arg-type]  # vasp is text, the rest is gate
    return verdict.outcome is Outcome.NO_GO and code in blockers(verdict)


def one_route(withdrawal: TransferState = TransferState.OPEN, deposit: TransferState = TransferState.OPEN) -> Evidence:
    given = evidence(
        {"binance": venue(transfers=good_transfers(network(withdrawal=withdrawal))), "okx": NotListed()},
        korean=korean(transfers=good_transfers(network(deposit=deposit))),
    )
    assert len(weigh(given, settings()).plans) == 1
    return given


def test_01_migration_to_schema_v2(database: sqlite3.Connection) -> None:
    applied = dict(database.execute("SELECT version, name FROM schema_version"))
    assert applied[2].startswith("002_add_fx_snapshots") or "fx_snapshots" in applied[2]


def test_02_fx_snapshots_has_its_columns(database: sqlite3.Connection) -> None:
    assert columns(database, "fx_snapshots") == {"id", "taken_ms", "krw_per_quote", "quote", "source", "inputs"}


def test_03_alert_debounce_has_its_columns(database: sqlite3.Connection) -> None:
    assert columns(database, "alert_debounce") == {"key", "level", "last_sent_ms", "expires_ms"}


def refused(name: str, shape: type[object]) -> bool:
    """Whether the file with one key more than it may have is refused by name."""
    raw = read_yaml(CONFIG / name)
    assert isinstance(raw, dict)
    try:
        convert(name, {**raw, "no_such_key": 1}, shape)
    except SettingsError as error:
        return name in str(error)
    return False


def test_04_features_yaml_loads_and_validates() -> None:
    assert isinstance(convert("features.yaml", read_yaml(CONFIG / "features.yaml"), Features), Features)
    assert refused("features.yaml", Features)


def test_05_networks_yaml_loads_and_validates() -> None:
    assert "ETH" in convert("networks.yaml", read_yaml(CONFIG / "networks.yaml"), dict[str, Network])
    assert refused("networks.yaml", dict[str, Network])


def test_06_exchanges_yaml_loads_and_validates() -> None:
    services = convert("exchanges.yaml", read_yaml(CONFIG / "exchanges.yaml"), dict[str, Service])
    assert services["upbit"].socket_url == "wss://api.upbit.com"
    assert refused("exchanges.yaml", dict[str, Service])


def test_07_fees_yaml_loads_and_validates() -> None:
    fees = convert("fees.yaml", read_yaml(CONFIG / "fees.yaml"), Fees)
    assert fees.spot_taker["bithumb"].value == Decimal("0.25")
    assert refused("fees.yaml", Fees)


def test_08_vasp_matrix_yaml_loads_and_validates() -> None:
    table = convert("vasp_matrix.yaml", read_yaml(CONFIG / "vasp_matrix.yaml"), dict[str, dict[str, VaspEntry]])
    assert table["upbit"]["kucoin"].deposit == "no"
    assert refused("vasp_matrix.yaml", dict[str, dict[str, VaspEntry]])


def test_09_cache_set_then_get() -> None:
    cache: TtlCache[str, int] = TtlCache(FakeClock())
    cache.set("answer", 42, Tier.MINUTE)
    assert (cache.get("answer"), cache.get("question")) == (42, None)


async def test_10_cache_entry_past_its_ttl_is_gone() -> None:
    for tier, seconds in ((Tier.DAY, 86_400), (Tier.HOUR, 3_600), (Tier.MINUTE, 60)):
        clock = FakeClock()
        cache: TtlCache[str, int] = TtlCache(clock)
        cache.set("answer", 42, tier)
        await clock.advance(seconds - 0.001)
        assert cache.get("answer") == 42
        await clock.advance(0.001)
        assert cache.get("answer") is None


def test_11_cost_model_builds_from_the_configuration() -> None:
    model = CostModel.of(load_settings(CONFIG))
    assert model.foreign_fee("binance").high_bps == Decimal(10)


def test_12_hedge_cost_on_a_cex_perpetual() -> None:
    """Fees 10, book across 10, basis 0, funding received: 20 bps."""
    hedge = MODEL.hedge("binance", good_perp(), 1.0, USDT, NOW)
    assert (hedge.kind, hedge.cost_bps) == ("cex", Decimal(20))


def test_13_hedge_cost_on_a_dex_perpetual() -> None:
    """Hyperliquid 0.045 %: 9 bps in and out at the least. Crossing 1 % and an hour's funding of 0.05 % come on top:
    9 + 100 + 5 = 114 bps at the most, and profit is reckoned with that.
    """
    hedge = MODEL.dex_hedge("HYPE")
    assert hedge is not None
    assert (hedge.kind, hedge.venue, hedge.symbol) == ("dex", "hyperliquid", "HYPE")
    assert (hedge.least_bps, hedge.cost_bps) == (Decimal(9), Decimal(114))
    part = hedge_part(hedge)
    assert (part.low_bps, part.high_bps) == (Decimal(9), Decimal(114))
    assert MODEL.dex_hedge("NOVA") is None


def test_14_total_cost_with_a_positive_premium() -> None:
    """5.2412 + 10 + 7.1429 + 10.4823 + 2.8 + 7 + 20 at +482.3748 bps."""
    cost = weigh(evidence(), settings()).plans[0].cost
    assert cost.total_bps is not None and cost.total_bps.quantize(Decimal("0.0001")) == Decimal("62.6664")


def test_15_total_cost_with_a_negative_premium() -> None:
    """Korean book 1,329 / 1,331 against 1.00 at 1,400: mid -500 bps. 1,329 / 1,401.4 is -516.6262 bps: the Korean fee
    is 5 x 0.94833738 = 4.7417; slippage 7.1429 and 9.4833; 4.7417 + 10 + 16.6262 + 2.8 + 7 + 20 = 61.1679.
    """
    plan = weigh(evidence(korean=korean(1_329.0, 1_331.0)), settings()).plans[0]
    assert plan.trade.mid_excess_bps == Decimal(-500)
    assert plan.trade.executable_excess_bps == Decimal("-516.6262")
    assert plan.cost.total_bps is not None
    assert plan.cost.total_bps.quantize(Decimal("0.0001")) == Decimal("61.1679")
    assert plan.net_bps is not None and plan.net_bps < -500


def test_16_gas_warning_above_one_percent_of_the_notional() -> None:
    """Gas on ETH is 5 USD: exactly 1 % of 500 USDT (700,000 KRW), and above 1 % of 499 USDT."""
    at_limit = decide(evidence(), settings(), notional_krw=Decimal(700_000))
    above = decide(evidence(), settings(), notional_krw=Decimal(698_600))
    assert "gas_high" not in warnings(at_limit)
    assert "gas_high" in warnings(above)


def test_17_slippage_with_an_empty_order_book_is_unknown() -> None:
    empty = book((), ())
    assert MODEL.trade(empty, two_sided(0.999, 1.001), 1_400.0, NOTIONAL).korean_slippage_bps is None
    assert MODEL.trade(two_sided(1_469, 1_471), empty, 1_400.0, NOTIONAL).foreign_slippage_bps is None
    cost = weigh(evidence(korean=korean(book=empty)), settings()).plans[0].cost
    assert cost.total_bps is None


def test_18_a_premium_result_carries_its_parts() -> None:
    result = premium(1_470.0, 1.0, choose_fx(legs(), None, 1_450.0, NOW), 1_380.0, 1.0)
    assert (result.krw, result.usdt, result.fx.rate, result.bank_krw_per_usd) == (1_470.0, 1.0, 1_400.0, 1_380.0)
    assert result.excess_bps == pytest.approx(500.0)


def test_19_premium_carries_the_fx_source_it_was_computed_with() -> None:
    for given, step in ((legs(), FxStep.BTC), (legs(btc_krw=None), FxStep.ETH), (FxLegs(), FxStep.HARD_CODED)):
        rate = choose_fx(given, None, 1_450.0, NOW)
        assert premium(1_470.0, 1.0, rate, None, None).fx.step is step
    fact = decide(evidence(), settings()).facts["fx_krw_per_usdt"]
    assert fact.source.startswith("btc_implied") and fact.taken_ms == NOW


def test_20_equal_prices_give_zero_percent() -> None:
    result = premium(1_400.0, 1.0, choose_fx(legs(), None, 1_450.0, NOW), 1_400.0, 1.0)
    assert (result.coin_bps, result.excess_bps, result.market_bps) == (0.0, 0.0, 0.0)


def test_21_global_vwap() -> None:
    """(1.00 x 3M + 1.02 x 1M) / 4M = 1.005, without the one that prints 1.20 and without the one of 11 s ago."""
    late = msgspec.structs.replace(priced("d", 1.01, 9e9), taken_ms=NOW - 11_000)
    prices = [priced("a", 1.0, 3e6), priced("b", 1.02, 1e6), priced("c", 1.2, 9e9), late]
    found = global_vwap(prices, NOW, 10_000, 0.05)
    assert found.price == pytest.approx(1.005)
    assert (found.used, dict(found.excluded)) == (("a", "b"), {"d": "stale", "c": "outlier"})


def test_22_an_fx_snapshot_is_written_to_the_database(database: sqlite3.Connection) -> None:
    rate = choose_fx(legs(), None, 1_450.0, NOW)
    assert rate.rate is not None and rate.step is not None
    inputs = {member.step.value: member.rate for member in rate.members}
    fx.add(database, fx.FxSnapshot(NOW, rate.rate, "USDT", rate.step.value, inputs))
    found = fx.latest(database, "USDT")
    assert found is not None
    assert (found.krw_per_quote, found.source, found.inputs["krw_usdt"]) == (1_400.0, "btc_implied", 1_400.0)


def test_23_alert_levels_are_ordered() -> None:
    assert AlertLevel.INFO < AlertLevel.LOW < AlertLevel.MEDIUM < AlertLevel.HIGH < AlertLevel.CRITICAL


def test_24_gate_input_carries_every_fact_with_source_and_age() -> None:
    weighed = weigh(evidence(), settings())
    needed = {
        *("fx_krw_per_usdt", "bank_krw_per_usd", "usdt_usd", "korean_mid_krw", "binance.mid_usdt", "reference_usdt"),
        *("binance.withdrawal.ETH", "upbit.deposit.ETH", "global_volume_usd", "hedge", "route", "net_bps"),
    }
    assert needed <= weighed.facts.keys()
    for name, fact in weighed.facts.items():
        assert fact.source and fact.unit, name
        if name in needed:
            assert fact.value is not None and fact.age_ms(NOW + 5_000) == 5_000, name


def test_25_all_conditions_met_is_go() -> None:
    verdict = decide(evidence(), settings())
    assert (verdict.outcome, verdict.blockers) == (Outcome.GO, ())


def test_26_deposit_closed_blocks() -> None:
    assert no_go_because(one_route(deposit=TransferState.CLOSED), "deposit_closed")
    assert decide(one_route(), settings()).outcome is Outcome.GO


def test_27_withdrawal_closed_blocks() -> None:
    assert no_go_because(one_route(withdrawal=TransferState.CLOSED), "withdrawal_closed")


def test_28_not_profitable_blocks() -> None:
    """Net 437.3336126 bps against the margin; then a case that earns less than the default 100 bps."""
    net = decide(evidence(), settings()).net_bps
    assert net is not None
    assert no_go_because(evidence(), "unprofitable", margin_bps=net)
    assert decide(evidence(), settings(margin_bps=net - Decimal("0.0001"))).outcome is Outcome.GO
    low, high = (decide(evidence(korean=korean(mid - 1, mid + 1)), settings()) for mid in (1_422.0, 1_424.0))
    assert low.net_bps is not None and high.net_bps is not None
    assert low.net_bps <= 100 < high.net_bps
    assert (low.outcome, high.outcome) == (Outcome.NO_GO, Outcome.GO)


def test_29_transfer_time_over_the_limit_blocks() -> None:
    """Nine of ten transfers over ETH arrive within 20 min."""
    assert no_go_because(evidence(), "transfer_slow", transfer_p90_max_min=19.9)
    assert decide(evidence(), settings(transfer_p90_max_min=20.0)).outcome is Outcome.GO


def test_30_vasp_blocked_blocks() -> None:
    assert no_go_because(evidence(), "vasp_blocked", vasp="no")


def test_31_vasp_fine_does_not_block() -> None:
    assert blockers(decide(evidence(), settings(vasp="yes"))) == set()


def test_32_low_global_volume_warns() -> None:
    low, enough = (
        decide(evidence({"binance": venue(spot=good_spot(volume=volume))}), settings())
        for volume in (99_999.0, 100_000.0)
    )
    assert warnings(low) == {"low_volume"}
    assert warnings(enough) == set()


def test_33_gas_warning_reaches_the_gate() -> None:
    verdict = decide(evidence(), settings(gas_max_bps=Decimal("6.9999")))
    assert (warnings(verdict), verdict.level) == ({"gas_high"}, AlertLevel.HIGH)


def test_34_hard_coded_fx_is_no_go_and_watch_only() -> None:
    verdict = decide(evidence(legs=FxLegs()), settings())
    assert verdict.outcome is Outcome.NO_GO
    assert ("watch_only", "fx_hard_coded") in {(each.code, each.subject) for each in verdict.blockers}


def test_35_go_with_trusted_fx_is_critical() -> None:
    verdict = decide(evidence(), settings())
    assert (verdict.outcome, verdict.level) == (Outcome.GO, AlertLevel.CRITICAL)


def test_36_go_with_untrusted_fx_is_high() -> None:
    """KRW-USDT alone is not trusted, although the bank bears it out and there is nothing to warn of."""
    verdict = decide(evidence(legs=legs(btc_krw=None, eth_krw=None)), settings())
    assert (verdict.outcome, verdict.level, verdict.warnings) == (Outcome.GO, AlertLevel.HIGH, ())


def test_37_no_go_is_medium() -> None:
    verdict = decide(one_route(deposit=TransferState.CLOSED), settings())
    assert (verdict.outcome, verdict.level) == (Outcome.NO_GO, AlertLevel.MEDIUM)


def test_38_neither_go_nor_no_go_is_low_with_a_warning_else_info() -> None:
    warned = decide(evidence(quotes=("BTC", "USDT")), settings(vasp="unknown"))
    quiet = decide(evidence(quotes=("BTC", "USDT")), settings())
    assert (warned.level, quiet.level) == (AlertLevel.LOW, AlertLevel.INFO)
    assert warned.blockers == quiet.blockers == ()
    for quotes in (("KRW",), ("BTC", "KRW")):
        for given in (evidence(quotes=quotes), evidence({}, quotes=quotes)):
            assert decide(given, settings(vasp="unknown")).level > AlertLevel.LOW


def test_48_a_networks_gas_figure_is_found() -> None:
    assert MODEL.gas("ETH", USDT).high_bps == Decimal(7)
    assert MODEL.gas("NO_SUCH_CHAIN", USDT).high_bps is None


def test_49_total_cost_includes_gas() -> None:
    """Twice the gas: 7 bps more."""
    shipped = settings()
    chain = shipped.networks["ETH"]
    dear = msgspec.structs.replace(chain, gas_usd=msgspec.structs.replace(chain.gas_usd, value=Decimal(10)))
    dearer = msgspec.structs.replace(shipped, networks={**shipped.networks, "ETH": dear})
    one, two = (weigh(evidence(), how).plans[0].cost.total_bps for how in (shipped, dearer))
    assert one is not None and two is not None
    assert two - one == Decimal(7)


def test_50_net_profit_is_premium_less_total_cost_to_the_digit() -> None:
    for mid in (1_350.0, 1_401.37, 1_470.0, 1_999.99):
        plan = weigh(evidence(korean=korean(mid - 1, mid + 1)), settings()).plans[0]
        assert plan.trade.mid_excess_bps is not None and plan.cost.total_bps is not None
        assert plan.net_bps == plan.trade.mid_excess_bps - plan.cost.total_bps


def test_51_the_config_folder_is_complete() -> None:
    assert {path.name for path in CONFIG.glob("*.yaml")} == set(FILES)
    assert load_settings(CONFIG).services.keys() >= {"upbit", "bithumb", "binance", "okx", "bybit", "telegram"}


def imports(package: object) -> int:
    """Import every module of a package; answer how many there are."""
    modules = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]  # type: ignore[attr-defined]  # a package
    for name in modules:
        importlib.import_module(name)
    return len(modules)


def test_52_the_analysis_package_imports() -> None:
    assert imports(analysis) >= 15


def test_53_the_alerts_package_imports() -> None:
    assert imports(alerts) >= 5
