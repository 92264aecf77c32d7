"""The small tables: what is saved comes back the same, first sights stay first, unknown stays unknown."""

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from alerts.alert import Alert, AlertKind, AlertLevel
from analysis.verdict import Fact, Finding, Mode, Outcome, Verdict
from collectors.events import Channel, Listing, ListingState, Market, Notice, Sighting, SightingKind
from store.rows import execute
from store.tables import decisions, deliveries, fx, listings, markets, notices, quarantine, token_registry
from store.tables.fx import FxSnapshot
from store.tables.quarantine import Refused
from store.tables.token_registry import Token
from tests.fakes.recording import BTC, ETH, SOL, database

NOVA = Listing(
    "upbit",
    "NOVA",
    1,
    ("KRW", "BTC"),
    ListingState.ANNOUNCED,
    first_seen_ms=5_000,
    first_channel=Channel.UPBIT_NOTICES,
    published_ms=4_200,
    trading_starts_ms=90_000,
    notice_id="771204518",
    url="https://example.invalid/771204518",
    title="노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = database(tmp_path)
    yield opened
    opened.close()


def sighting(kind: SightingKind, seen_ms: int, channel: Channel = Channel.UPBIT_NOTICES) -> Sighting:
    return Sighting("upbit", "NOVA", ("KRW",), channel, kind, seen_ms, trading_starts_ms=90_123)


def test_a_listing_comes_back_as_it_was_saved(connection: sqlite3.Connection) -> None:
    saved = listings.save(connection, NOVA)
    assert saved == msgspec.structs.replace(NOVA, listing_id=1)
    assert listings.latest(connection) == [saved]


def test_a_listing_saved_again_is_the_same_row_brought_up_to_date(connection: sqlite3.Connection) -> None:
    saved = listings.save(connection, NOVA)
    later = msgspec.structs.replace(
        saved, state=ListingState.TRADING, quotes=("KRW", "BTC", "USDT"), first_trade_ms=91_000, trading_told_ms=7
    )
    assert listings.save(connection, later) == later
    assert listings.latest(connection) == [later]


def test_only_the_newest_episode_is_loaded_and_only_news_is_active(connection: sqlite3.Connection) -> None:
    listings.save(connection, msgspec.structs.replace(NOVA, state=ListingState.CANCELLED))
    again = listings.save(connection, msgspec.structs.replace(NOVA, episode=2))
    settled = listings.save(connection, msgspec.structs.replace(NOVA, base="OLD", state=ListingState.SETTLED))
    assert listings.latest(connection) == [again, settled]
    assert listings.active(connection) == [again]


def test_of_a_channel_and_kind_the_first_sight_stands(connection: sqlite3.Connection) -> None:
    saved = listings.save(connection, NOVA)
    for seen_ms in (6_000, 5_000, 7_000):
        listings.add_sighting(connection, saved, sighting(SightingKind.NOTICE, seen_ms))
    listings.add_sighting(connection, saved, sighting(SightingKind.IN_LIST, 9_000, Channel.UPBIT_MARKET_LIST))
    (row,) = listings.report(connection, 5)
    seen = [(each.channel, each.seen_ms) for each in row.sightings]
    assert seen == [("upbit:notices", 5_000), ("upbit:market_list", 9_000)]


def test_the_first_trade_is_kept_with_its_market_only(connection: sqlite3.Connection) -> None:
    saved = listings.save(connection, NOVA)
    listings.add_sighting(connection, saved, sighting(SightingKind.TRADED, 95_000))
    (row,) = listings.report(connection, 5)
    assert [(market.quote, market.first_trade_ms) for market in row.markets] == [("KRW", 90_123), ("BTC", None)]


def test_the_report_joins_who_saw_it_what_was_sent_and_what_was_judged(connection: sqlite3.Connection) -> None:
    saved = listings.save(connection, NOVA)
    listings.add_sighting(connection, saved, sighting(SightingKind.NOTICE, 5_000))
    alert = Alert(NOVA.key, AlertKind.FIRST_SIGHT, AlertLevel.HIGH, "seen", 5_001, listing_id=1)
    deliveries.add_alert(connection, alert, ["telegram:1", "telegram:2"], 5_002)
    connection.execute("UPDATE deliveries SET sent_ms = 5100 + id, state = 'sent'")
    for outcome in (Outcome.UNKNOWN, Outcome.READY):
        decisions.add(connection, 1, Verdict(Mode.PRE_OPEN, outcome, AlertLevel.HIGH, 6_000, {}))
    (row,) = listings.report(connection, 5)
    assert (row.channel, row.delay_ms, row.alerted_ms, row.delivered_ms) == ("upbit:notices", 800, 5_001, 5_101)
    assert (row.mode, row.verdict, row.level, row.decided_ms) == ("pre_open", "READY", 40, 6_000)
    assert [(each.channel, each.kind, each.seen_ms) for each in row.sightings] == [("upbit:notices", "notice", 5_000)]


def test_the_report_is_of_the_newest_and_oldest_first(connection: sqlite3.Connection) -> None:
    for n, base in enumerate(("A", "B", "C")):
        listings.save(connection, msgspec.structs.replace(NOVA, base=base, first_seen_ms=n, published_ms=None))
    assert [(row.base, row.delay_ms, row.verdict) for row in listings.report(connection, 2)] == [
        ("B", None, None),
        ("C", None, None),
    ]


def test_versions_of_a_notice_are_kept_and_the_newest_is_what_counts(connection: sqlite3.Connection) -> None:
    notice = Notice("bithumb", "900117", "노바(NOVA) 원화 마켓 추가", ("마켓 추가",), 4_000, None)
    notices.save(connection, notice, "listing", 1, "m1", None, 5_000)
    notices.save(connection, notice, "listing", 1, "m1", "b1", 6_000)
    notices.save(connection, notice, "postponed", 2, "m2", None, 7_000)
    kept = notices.versions(connection, "bithumb", "900117")
    assert [(row.version, row.kind, row.body_hash, row.first_seen_ms, row.last_seen_ms) for row in kept] == [
        (1, "listing", "b1", 5_000, 6_000),
        (2, "postponed", None, 7_000, 7_000),
    ]
    assert notices.newest(connection) == [kept[1]]


def test_a_decision_keeps_every_input_with_its_source_and_age(connection: sqlite3.Connection) -> None:
    verdict = Verdict(
        Mode.OPEN,
        Outcome.NO_GO,
        AlertLevel.MEDIUM,
        made_ms=9_000,
        facts={
            "fx": Fact(1_412.5, "krw", "btc_implied", 8_400),
            "deposit": Fact(None, "bool", "bithumb:assets", None),
        },
        blockers=(Finding("net_profit", "binance", {"net_bps": 41.5}),),
        net_bps=Decimal("41.5"),
    )
    decisions.add(connection, None, verdict)
    decisions.add(connection, 7, verdict)
    kept = connection.execute(
        "SELECT listing_id, verdict, mode, level, net_bps, facts, blockers FROM decisions ORDER BY id"
    ).fetchall()
    assert [each[0] for each in kept] == [None, 7]
    assert kept[0][1:] == kept[1][1:]
    *told, facts, blockers = kept[1]
    assert told == [7, "NO_GO", "open", 30, 41.5]
    assert json.loads(facts) == {
        "fx": {"value": 1_412.5, "unit": "krw", "source": "btc_implied", "age_ms": 600},
        "deposit": {"value": None, "unit": "bool", "source": "bithumb:assets", "age_ms": None},
    }
    assert json.loads(blockers) == [{"code": "net_profit", "subject": "binance", "numbers": {"net_bps": 41.5}}]


def test_the_newest_rate_comes_back_with_its_inputs(connection: sqlite3.Connection) -> None:
    assert fx.latest(connection, "USDT") is None
    newest = FxSnapshot(9_000, 1_412.5, "USDT", "btc_implied", {"btc_krw": 1.4e8, "btc_usdt": 99_115.0})
    fx.add(connection, newest)
    fx.add(connection, FxSnapshot(8_000, 1_300.0, "USDT", "krw_usdt", {}))
    fx.add(connection, FxSnapshot(9_500, 1_390.0, "USD", "dunamu", {}))
    assert fx.latest(connection, "USDT") == newest


def test_what_is_unknown_of_a_token_does_not_erase_what_was_known(connection: sqlite3.Connection) -> None:
    token_registry.save(connection, Token("NOVA", "ethereum", "0xabc", 18))
    token_registry.save(connection, Token("NOVA", "ethereum", coingecko_id="nova"))
    token_registry.save(connection, Token("NOVA", "solana"))
    assert token_registry.find(connection, "NOVA") is None
    assert token_registry.find_all(connection, "NOVA") == [
        Token("NOVA", "ethereum", "0xabc", 18, "nova"),
        Token("NOVA", "solana"),
    ]


def test_a_listing_registers_its_coin_unless_more_is_known_of_it(connection: sqlite3.Connection) -> None:
    listings.save(connection, NOVA)
    listings.save(connection, NOVA)
    assert token_registry.find_all(connection, "NOVA") == [Token("NOVA", told_by="listing")]
    token_registry.save(connection, Token("KNOWN", "ETH", "0xA1"))
    listings.save(connection, msgspec.structs.replace(NOVA, base="KNOWN"))
    assert token_registry.find_all(connection, "KNOWN") == [Token("KNOWN", "ETH", "0xA1")]
    on_the_list = Token("NOVA", coingecko_id="nova", name="Nova Chain")
    execute(connection, token_registry.listed([on_the_list]))
    assert token_registry.find_all(connection, "NOVA") == [on_the_list]


def test_samples_are_cut_and_printable(connection: sqlite3.Connection) -> None:
    execute(connection, quarantine.added([Refused(1, "upbit", "price", "\ud800" + "x" * 1_000)]))
    ((sample,),) = connection.execute("SELECT sample FROM quarantine").fetchall()
    assert sample.startswith("\\ud800xxx")
    assert len(sample) < 520


def test_a_market_keeps_its_number_and_its_first_trade(connection: sqlite3.Connection) -> None:
    ids = markets.intern(connection, [BTC, ETH], 1_000)
    assert markets.intern(connection, [SOL, ETH], 2_000) == {SOL: 3, ETH: ids[ETH]}
    assert markets.load(connection) == ids | {SOL: 3}
    for at_ms in (9_000, 8_000, 10_000):
        execute(connection, markets.trading_since(1, at_ms))
    execute(connection, markets.gone([1], 20_000))
    execute(connection, markets.gone([1], 30_000))
    row = "SELECT code, first_seen_ms, trading_since_ms, gone_ms FROM markets WHERE id = 1"
    assert connection.execute(row).fetchone() == ("KRW-BTC", 1_000, 8_000, 20_000)
    markets.intern(connection, [Market("upbit", "BTC", "KRW")], 40_000)
    assert connection.execute(row).fetchone() == ("KRW-BTC", 1_000, 8_000, None)
