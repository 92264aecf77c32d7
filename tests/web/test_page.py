"""The JSON behind the page, over a real port and a real database: figures, what is unknown, and what is refused."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from analysis.verdict import Outcome
from config.units import MINUTE_MS
from tests.web.world import (
    BANK,
    EVIL_COIN,
    EVIL_TITLE,
    FX,
    NOW,
    OPENED_MS,
    PUBLISHED_MS,
    SEEN_MS,
    USDT_USD,
    Served,
    add_verdict,
    price_at,
    served,
)


async def asked(page: Served, path: str, status: int = 200) -> Any:
    """The answer to GET /api/<path>."""
    async with aiohttp.ClientSession() as session, session.get(f"{page.url}/api/{path}") as answer:
        assert answer.status == status, await answer.text()
        assert answer.content_type == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        return await answer.json()


async def test_now_tells_health_the_news_and_the_trade(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        now = await asked(page, "now")
    assert now["health"]["status"] == "green"
    assert now["trade"] == 1
    (brief,) = now["listings"]
    assert (brief["verdict"]["verdict"], brief["verdict"]["net_bps"], brief["verdict"]["excess_bps"]) == (
        "GO",
        812,
        950,
    )
    assert brief["verdict"]["premium_bps"] is None
    assert brief["listing"]["delay_ms"] == SEEN_MS - PUBLISHED_MS
    (alert,) = now["alerts"]
    assert (alert["sent_ms"] - alert["created_ms"], alert["sent"], alert["waiting"]) == (180, 1, 0)
    (gaps,) = now["gaps"]
    assert (gaps["exchange"], gaps["open"], gaps["missed_ms"]) == ("upbit", 1, 60_000)
    assert now["usdt"]["krw"] == FX
    assert now["market_bps"] == pytest.approx(10_000 * (FX / (BANK * USDT_USD) - 1), abs=1e-3)


async def test_why_it_is_not_healthy_is_told_in_both_languages(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        page.seen["telegram"] = False
        ((korean, english),) = (await asked(page, "now"))["reasons"]
    assert "텔레그램" in korean
    assert english.startswith("no Telegram token")


async def test_text_of_an_exchange_arrives_as_it_was(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, "listings/1")
    assert told["listing"]["title"] == EVIL_TITLE
    assert EVIL_COIN in told["verdicts"][1]["blockers"][0]["text"][0]
    assert told["facts"]["title"]["value"] == EVIL_TITLE


async def test_a_listing_is_told_from_the_notice_to_the_reader(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, "listings/1")
    story = [(each["kind"], each["what"]) for each in told["timeline"]]
    assert story == [
        ("published", ""),
        ("seen", "upbit:notices"),
        ("alert_written", ""),
        ("alert_requested", ""),
        ("alert_delivered", ""),
        ("verdict", "UNKNOWN"),
        ("seen", "upbit:market_list"),
        ("notice_edited", "2"),
        ("deposits", ""),
        ("trading", ""),
        ("first_trade", "KRW"),
        ("seen", "upbit:ticker_all"),
        ("verdict", "NO_GO"),
        ("verdict", "GO"),
    ]
    assert [each["verdict"] for each in told["verdicts"]] == ["GO", "NO_GO", "UNKNOWN"]
    assert [each["version"] for each in told["notices"]] == [1, 2]
    assert told["facts"]["premium_bps"] == {"value": None, "unit": "bps", "source": "computed", "age_ms": None}


async def test_the_seconds_of_a_listing_come_with_their_premium_and_their_gaps(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, f"listings/1/seconds?from_ms={OPENED_MS - 60_000}&to_ms={OPENED_MS + 600_000}")
    own, rival = told["markets"]
    assert (told["step_s"], own["exchange"], rival["exchange"]) == (1, "upbit", "bithumb")
    assert len(own["at_ms"]) == 540
    at = own["at_ms"].index(OPENED_MS + 100_000)
    assert own["close"][at] == price_at(100)
    assert own["volume_krw"][at] == pytest.approx(500 * price_at(100))
    assert own["excess_bps"][at] == pytest.approx(10_000 * (price_at(100) / FX - 1), abs=0.1)
    assert set(rival["excess_bps"]) == {None}
    assert own["gaps"] == [
        {"from_ms": OPENED_MS + 200_000, "to_ms": OPENED_MS + 260_000, "cause": "stale", "state": "open"}
    ]
    assert rival["gaps"] == []


async def test_a_long_span_is_folded_to_what_a_chart_can_show(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, f"listings/1/seconds?from_ms={OPENED_MS}&to_ms={OPENED_MS + 86_400_000}")
    own = told["markets"][0]
    assert told["step_s"] == 120
    assert len(own["at_ms"]) == 5
    assert own["high"][0] == price_at(0)
    assert own["low"][0] == own["close"][0] == price_at(119)
    assert sum(own["trades"]) == 540 * 4


async def test_the_premium_of_market_and_coin_over_time(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        market = await asked(page, "premium?hours=1")
        coin = await asked(page, "premium?hours=24&coin=btc")
    assert market["step_ms"] == 10_000
    assert len(market["series"]["at_ms"]) == 361
    assert market["series"]["market_bps"][-1] == pytest.approx(10_000 * (FX / (BANK * USDT_USD) - 1), abs=0.01)
    assert coin["coin"] == "BTC"
    series = coin["series"]
    assert series["upbit_bps"][-1] == pytest.approx(10_000 * (1_410 / (BANK * USDT_USD) - 1), abs=0.01)
    assert series["upbit_excess_bps"][-1] == pytest.approx(10_000 * (1_410 / FX - 1), abs=0.01)
    assert series["upbit_bps"][0] is None  # a day ago nothing was recorded
    assert set(series["bithumb_bps"]) == {None}


async def test_every_coins_premium_in_the_newest_minute(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, "coins")
    coins = {each["base"]: each for each in told["coins"]}
    assert coins["BTC"]["upbit_excess_bps"] == pytest.approx(71.43, abs=0.01)
    assert coins["NOVA"]["upbit_bps"] is None  # no minute of it yet
    assert coins["NOVA"]["volume_24h_usdt"] is None
    assert coins[EVIL_COIN]["bithumb_krw"] == 2_900.0


async def test_dominance_says_how_much_of_the_day_it_heard(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = (await asked(page, "dominance"))["dominance"]
    minutes = 119  # of two hours, without the last, which may not be rolled yet
    korea = minutes * 3 * 141e6 / FX
    btc = next(each for each in told["coins"] if each["base"] == "BTC")
    assert btc["share"] == pytest.approx(korea / (korea + 9e9))
    assert btc["heard_h"] == minutes / 60
    assert btc["pace_share"] == pytest.approx(1440 / minutes * korea / (1440 / minutes * korea + 9e9))
    nova = next(each for each in told["coins"] if each["base"] == "NOVA")
    assert (nova["share"], nova["world_usdt"]) == (None, None)
    assert told["compared"] == 2
    assert told["venues"] == ["binance", "bybit", "okx"]


async def test_dominance_is_worked_out_once_a_minute_at_most(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        first = await asked(page, "dominance")
        await page.clock.advance(59)
        assert await asked(page, "dominance") == first
        await page.clock.advance(2)
        assert (await asked(page, "dominance"))["now_ms"] == NOW + 61_000


async def test_latency_counts_from_the_publication(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        told = await asked(page, "latency")
    steps = {each["step"]: each for each in told["steps"]}
    assert (steps["upbit:notices"]["p50_ms"], steps["upbit:notices"]["first"]) == (412, 1)
    assert steps["delivered"]["p50_ms"] == 412 + 180


async def test_a_new_verdict_changes_the_stamps_that_views_watch(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        before = (await asked(page, "now"))["stamps"]
        with closing(sqlite3.connect(page.path)) as connection:
            add_verdict(connection, NOW, Outcome.NO_GO, 10)
            connection.commit()
        assert (await asked(page, "now"))["stamps"]["decision"] == before["decision"] + 1


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("listings?last=0", 400, "last"),
        ("listings?last=201", 400, "1 to 200"),
        ("listings?last=x", 400, "last"),
        ("listings?last=%D9%A1", 400, "last"),  # a digit that is not ASCII
        ("listings/999", 404, "no listing 999"),
        ("listings/1/seconds", 400, "from_ms"),
        ("listings/1/seconds?from_ms=5&to_ms=5", 400, "to_ms"),
        ("listings/1/seconds?from_ms=0&to_ms=4000000000000", 400, "to_ms"),
        ("listings/1/seconds?from_ms=-1&to_ms=1", 400, "from_ms"),
        ("listings/999/seconds?from_ms=0&to_ms=1", 404, "no listing"),
        ("premium?hours=2", 400, "one of 1, 6, 24, 168"),
        ("premium?coin=NOSUCH", 404, "NOSUCH has no KRW market"),
        ("premium?coin=" + "A" * 33, 400, "coin"),
        ("premium?coin=%00", 400, "coin"),
        ("premium?coin=' OR 1=1 --", 404, "no KRW market"),
        ("latency?last=1e9", 400, "last"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_in_words(
    tmp_path: Path, path: str, status: int, says: str
) -> None:
    async with served(tmp_path) as page:
        assert says in (await asked(page, path, status))["error"]


@pytest.mark.parametrize("path", ["listings/one", "listings/-1", "listings/9999999999999999", "nothing"])
async def test_an_address_that_names_nothing_is_not_found(tmp_path: Path, path: str) -> None:
    async with (
        served(tmp_path) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page.url}/api/{path}") as answer,
    ):
        assert answer.status == 404


async def test_an_empty_database_gives_unknowns_and_no_zero(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        with closing(sqlite3.connect(page.path)) as connection:
            for table in ("fx_snapshots", "global_1m", "outcomes", "listing_prices", "decisions", "sightings"):
                connection.execute(f"DELETE FROM {table}")
            connection.commit()
        now = await asked(page, "now")
        assert (now["usdt"], now["bank"], now["market_bps"]) == (None, None, None)
        assert now["listings"][0]["verdict"] is None
        assert (await asked(page, "dominance"))["dominance"] is None
        assert await asked(page, "coins") == {"now_ms": NOW, "minute_ms": None, "coins": []}
        assert set((await asked(page, "premium"))["series"]["market_bps"]) == {None}


async def test_a_database_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        page.path.rename(tmp_path / "away.db")
        assert "cannot be read" in (await asked(page, "now", 503))["error"]


async def test_a_rate_or_price_that_grew_old_is_unknown(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        await page.clock.advance(6 * 60)
        series = (await asked(page, "premium?hours=1&coin=BTC"))["series"]
    known = [at for at, bps in zip(series["at_ms"], series["upbit_bps"], strict=True) if bps is not None]
    assert max(known) == NOW
    assert series["at_ms"][-1] == NOW + 6 * MINUTE_MS
