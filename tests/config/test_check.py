"""What `check-config` warns of, and what it says is off."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from config.check import off, overdue
from config.load import load_settings
from config.secrets import Secrets
from config.settings import Settings

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(CONFIG)


def test_a_number_is_overdue_the_day_after_its_review_date(settings: Settings) -> None:
    assert overdue(settings, date(2027, 3, 31)) == []
    lines = overdue(settings, date(2027, 4, 1))
    assert any(line.startswith("fees.yaml: spot_taker.upbit: 0.05 percent") for line in lines)
    assert any(line.startswith("networks.yaml: ETH.gas_usd") for line in lines)
    assert any(line.startswith("vasp_matrix.yaml: upbit.binance") for line in lines)
    assert any(line.startswith("hedges.yaml: hyperliquid.crossing") for line in lines)
    assert any(line.startswith("hedges.yaml: hyperliquid.coins: the list of 2025-10-31") for line in lines)


def test_everything_given_leaves_nothing_off(settings: Settings) -> None:
    secrets = Secrets(**dict.fromkeys(Secrets.__struct_fields__, "x"))  # type: ignore[arg-type]  # only truth matters
    assert off(settings.features, secrets) == []


def test_half_a_pair_of_keys_says_what_is_missing(settings: Settings) -> None:
    lines = {entry.what: entry.why for entry in off(settings.features, Secrets(upbit_access_key="a"))}
    assert "UPBIT_SECRET_KEY" in lines["upbit_announcement"]
    assert "UPBIT_ACCESS_KEY" not in lines["upbit_announcement"]
    assert "TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID" in lines["telegram"]
    assert "ALERT_WEBHOOK_URL" in lines["second_channel"]
    assert "DEADMAN_URL" in lines["deadman"]


def test_a_switch_that_is_off_is_told_once(settings: Settings) -> None:
    features = msgspec.structs.replace(settings.features, telegram=False)
    entries = [entry for entry in off(features, Secrets()) if entry.what == "telegram"]
    assert [entry.why for entry in entries] == ["features.yaml says telegram: false"]
