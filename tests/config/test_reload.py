"""What of a new configuration is taken over at once, what waits for a restart, and what would not go together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.load import FILES, load_settings, read_yaml
from config.reload import FILES as NAMES
from config.reload import Change, change
from config.settings import Settings, SettingsError, build

CONFIG = Path(__file__).resolve().parents[2] / "config"
Edit = Callable[[dict[str, object]], object]


@pytest.fixture(scope="module")
def now() -> Settings:
    return load_settings(CONFIG)


def edited(file: str, edit: Callable[..., object]) -> Settings:
    files = {name: read_yaml(CONFIG / name) for name in FILES}
    edit(files[file])
    return build(files)


def changed(now: Settings, file: str, edit: Callable[..., object]) -> Change:
    return change(now, edited(file, edit))


def test_nothing_new_changes_nothing(now: Settings) -> None:
    found = change(now, load_settings(CONFIG))
    assert found == Change(now, (), ())


def test_thresholds_fees_and_travel_rules_are_taken_over_at_once(now: Settings) -> None:
    found = changed(now, "radar.yaml", lambda radar: radar["gate"].update(margin_bps=130, waive_unknown=["hedge"]))
    assert found.settings.radar.gate.margin_bps == 130
    assert found.taken == (
        "radar.yaml: gate.margin_bps: 100 → 130",
        "radar.yaml: gate.waive_unknown: [] → [hedge]",
    )
    found = changed(now, "fees.yaml", lambda fees: fees["spot_taker"]["okx"].update(value=0.08))
    assert str(found.settings.fees.spot_taker["okx"].value) == "0.08"
    found = changed(now, "vasp_matrix.yaml", lambda rows: rows["upbit"]["okx"].update(deposit="yes"))
    assert found.settings.vasps["upbit"]["okx"].deposit == "yes"
    found = changed(now, "networks.yaml", lambda rows: rows["SOL"]["gas_usd"].update(value=0.5))
    assert (found.waiting, str(found.settings.networks["SOL"].gas_usd.value)) == ((), "0.5")


def test_hedges_kept_by_hand_are_taken_over_at_once(now: Settings) -> None:
    found = changed(now, "hedges.yaml", lambda rows: rows["hyperliquid"]["crossing"].update(value=0.9))
    assert str(found.settings.hedges["hyperliquid"].crossing.value) == "0.9"
    [line] = found.taken
    assert line.startswith("hedges.yaml: hyperliquid.crossing.value: ") and line.endswith(" → 0.9")
    found = changed(now, "hedges.yaml", lambda rows: rows["hyperliquid"]["coins"].update(NOVA="NOVA"))
    assert found.taken == ("hedges.yaml: hyperliquid.coins.NOVA: absent → NOVA",)


def test_a_change_anywhere_has_the_name_of_its_file() -> None:
    assert set(NAMES.values()) == set(FILES)
    assert set(NAMES) == set(Settings.__struct_fields__)


@pytest.mark.parametrize(
    ("file", "edit", "line"),
    [
        ("radar.yaml", lambda r: r.update(language="en"), "radar.yaml: language: ko → en"),
        ("radar.yaml", lambda r: r["listen"].update(port=9_000), "radar.yaml: listen.port: 8714 → 9000"),
        (
            "radar.yaml",
            lambda r: r["gate"].update(source_deadline_s=2.0),
            "radar.yaml: gate.source_deadline_s: 0.8 → 2.0",
        ),
        ("radar.yaml", lambda r: r["retention"].update(seconds_s=900), "radar.yaml: retention.seconds_s: 600 → 900"),
        ("features.yaml", lambda f: f.update(analysis=False), "features.yaml: analysis: True → False"),
        ("exchanges.yaml", lambda e: e["okx"].update(deadline_s=3), "exchanges.yaml: okx.deadline_s: 5.0 → 3.0"),
        (
            "networks.yaml",
            lambda n: n["SOL"]["names"].update(gate=["SOLX"]),
            "networks.yaml: SOL.names.gate: [SOL] → [SOLX]",
        ),
    ],
)
def test_what_the_daemon_was_built_with_waits_and_is_named(now: Settings, file: str, edit: Edit, line: str) -> None:
    found = changed(now, file, edit)
    assert found.settings == now
    assert found.taken == ()
    assert found.waiting == (line,)


def test_a_fee_for_a_new_venue_comes_and_goes(now: Settings) -> None:
    def add(fees: dict[str, dict[str, object]]) -> None:
        fees["spot_taker"]["newvenue"] = dict(fees["spot_taker"]["okx"])  # type: ignore[call-overload]  # a YAML mapping

    more = changed(now, "fees.yaml", add)
    assert "newvenue" in more.settings.fees.spot_taker
    assert change(more.settings, now).settings == now


def test_the_coins_of_a_hedge_and_the_hedge_itself_come_and_go(now: Settings) -> None:
    def no_coins(hedges: dict[str, dict[str, object]]) -> None:
        hedges["hyperliquid"]["coins"] = {}

    bare = changed(now, "hedges.yaml", no_coins)
    assert bare.settings.hedges["hyperliquid"].coins == {}
    assert bare.waiting == ()
    assert change(bare.settings, now).settings == now
    gone = changed(now, "hedges.yaml", lambda hedges: hedges.pop("hyperliquid"))
    assert "hyperliquid" not in gone.settings.hedges
    assert change(bare.settings, gone.settings).settings == gone.settings
    assert change(gone.settings, bare.settings).settings == bare.settings


def test_a_change_that_would_leave_a_venue_without_its_fee_is_refused_whole(now: Settings) -> None:
    files = {name: read_yaml(CONFIG / name) for name in FILES}
    radar, fees = files["radar.yaml"], files["fees.yaml"]
    assert isinstance(radar, dict)
    assert isinstance(fees, dict)
    radar["gate"]["venues"].remove("okx")  # needs a restart, so that okx is still asked
    del fees["spot_taker"]["okx"]
    with pytest.raises(SettingsError, match=r"spot_taker\.okx.*restart"):
        change(now, build(files))
