"""The configuration folder, the environment and the credentials, read or refused with file, key and reason."""

from pathlib import Path

import pytest

from config.load import FILES, load_secrets, load_settings, read_yaml
from config.settings import SettingsError

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_text((CONFIG / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_shipped_folder_loads(folder: Path) -> None:
    settings = load_settings(folder)
    assert settings.radar.gate.venues == ("binance", "okx", "bybit", "gate", "bitget", "htx", "coinbase")


def test_as_shipped_silence_is_yellow_when_the_contract_says_and_no_wait_is_long(folder: Path) -> None:
    radar = load_settings(folder).radar
    assert (radar.recording.upbit_silent_s, radar.recording.bithumb_silent_s) == (30.0, 120.0)
    assert radar.health.queue_yellow == 10_000
    assert radar.recording.first_message_s <= 15.0
    assert radar.recording.reconnect_first_s <= 2.0
    assert radar.recording.reconnect_cap_s <= 30.0


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("radar.yaml", "language: ko", "langauge: ko", ["radar.yaml", "langauge"]),
        ("radar.yaml", "language: ko", "language: fr", ["radar.yaml", "language", "fr"]),
        ("radar.yaml", "margin_bps: 100", "margin_bps: .nan", ["radar.yaml", "margin_bps"]),
        ("radar.yaml", "margin_bps: 100", "margin_bps: -1", ["radar.yaml", "margin_bps", "at least 0"]),
        ("radar.yaml", "hysteresis_s: 10", "hysteresis_s: 61", ["radar.yaml", "hysteresis_s", "at most 60"]),
        ("radar.yaml", "port: 8714", "port: 87140", ["radar.yaml", "listen.port", "at most 65535"]),
        ("radar.yaml", "minutes_days: 365", "minutes_days: 999999999999", ["radar.yaml", "minutes_days", "36500"]),
        ("radar.yaml", "recheck_s: 2", "recheck_s: 0", ["radar.yaml", "recheck_s", "more than 0"]),
        ("radar.yaml", "recheck_s: 2", "recheck_s: two", ["radar.yaml", "recheck_s", "float"]),
        ("radar.yaml", "recheck_s: 2", "recheck_s: 2\n  recheck_s: 3", ["radar.yaml", "recheck_s", "twice", "line"]),
        ("radar.yaml", "waive_unknown: []", "waive_unknown: [fx]", ["radar.yaml", "waive_unknown", "fx"]),
        ("radar.yaml", "gate:", "gate: [", ["radar.yaml", "line"]),
        ("radar.yaml", "venues: [binance,", "venues: [bithumb,", ["radar.yaml", "bithumb", "venues"]),
        ("radar.yaml", "venues: [binance,", "venues: [okx,", ["radar.yaml", "gate.venues", "okx", "2 times"]),
        ("features.yaml", "telegram: true", "telegram: yes", ["features.yaml", "telegram", "bool"]),
        ("features.yaml", "record_upbit: true", "", ["features.yaml", "record_upbit"]),
        ("fees.yaml", "  upbit: {", "  upbeat: {", ["fees.yaml", "spot_taker.upbit", "missing"]),
        ("fees.yaml", "unit: percent", "unit: bps", ["fees.yaml", "unit", "bps"]),
        ("fees.yaml", "date: 2026-03-22", "date: 2026-13-22", ["fees.yaml", "date", "2026-13-22"]),
        ("fees.yaml", "value: 0.05, ", "", ["fees.yaml", "value"]),
        ("vasp_matrix.yaml", "deposit: unknown", "deposit: maybe", ["vasp_matrix.yaml", "deposit", "maybe"]),
        ("vasp_matrix.yaml", "  okx: {", "  okex: {", ["vasp_matrix.yaml", "upbit.okx"]),
        ("networks.yaml", "bybit: [CAVAX]", "bybit: [ARBI]", ["networks.yaml", "ARBI", "ARBITRUM", "AVAXC"]),
        ("exchanges.yaml", "deadline_s: 5", "deadline: 5", ["exchanges.yaml", "deadline"]),
    ],
)
def test_a_mistake_is_told_with_file_and_key(folder: Path, name: str, old: str, new: str, told: list[str]) -> None:
    edit(folder, name, old, new)
    with pytest.raises(SettingsError) as error:
        load_settings(folder)
    for word in told:
        assert word in str(error.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SettingsError, match=name):
        load_settings(folder)


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "radar.yaml").write_bytes(b"language: \xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(folder)


def test_words_yes_and_no_stay_words_and_dates_stay_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: no\nb: 2026-11-20\nc: true\n")
    assert read_yaml(tmp_path / "x.yaml") == {"a": "no", "b": "2026-11-20", "c": True}


def test_secrets_come_from_credentials_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "TELEGRAM_BOT_TOKEN").write_text("1:from-file\n")
    (tmp_path / "web_token").write_text("lower-case-name")
    secrets = load_secrets({"CREDENTIALS_DIRECTORY": str(tmp_path), "TELEGRAM_BOT_TOKEN": "1:env", "WEB_TOKEN": "env"})
    assert (secrets.telegram_bot_token, secrets.web_token) == ("1:from-file", "lower-case-name")


def test_secret_values_appear_in_no_repr_and_no_error(tmp_path: Path) -> None:
    secrets = load_secrets({"UPBIT_ACCESS_KEY": "hush-hush", "TELEGRAM_CHAT_ID": "12345"})
    for shown in (repr(secrets), str(secrets), f"{secrets}", f"{secrets!r}"):
        assert "hush" not in shown and "12345" not in shown
    assert "upbit_access_key" in repr(secrets)
    with pytest.raises(SettingsError) as error:
        load_secrets({"UPBIT_ACCESS_KEY": "hush\nhush"})
    assert "hush" not in str(error.value)
    with pytest.raises(SettingsError) as error:
        load_secrets({"TELEGRAM_CHAT_ID": "hush"})
    assert "hush" not in str(error.value)


def test_chat_ids_are_a_list_without_repeats_or_blanks() -> None:
    assert load_secrets({"TELEGRAM_CHAT_ID": " 12, -100987 ,,12,@radar_news "}).telegram_chat_ids == (
        "12",
        "-100987",
        "@radar_news",
    )


def test_empty_secrets_are_absent() -> None:
    assert load_secrets({"TELEGRAM_BOT_TOKEN": "  ", "TELEGRAM_CHAT_ID": ","}).present() == ()
