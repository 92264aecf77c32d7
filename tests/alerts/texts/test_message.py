"""Whole messages as people read them, in both languages; invented coins, times counted from 2027-01-15 17:00 KST."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import AlertLevel
from alerts.texts import message
from alerts.texts.operator_text import DigestItem, digest, marks, operator, recovered, trial
from analysis.verdict import Cost, CostPart, Fact, Finding, Mode, Outcome, Route, TransferState, Verdict
from collectors.events import Channel, Listing, ListingState, Notice

T = 1_800_000_000_000
OPEN, CLOSED = TransferState.OPEN, TransferState.CLOSED

NOVA = Listing(
    exchange="upbit",
    base="NOVA",
    episode=1,
    quotes=("KRW", "BTC"),
    state=ListingState.ANNOUNCED,
    first_seen_ms=T + 1_200,
    first_channel=Channel.UPBIT_ANNOUNCEMENT,
    published_ms=T,
    trading_starts_ms=T + 3_600_000,
    deposit_opens_ms=T + 1_800_000,
    notice_id="n-1",
    url="https://notice.example/n-1",
    title="노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)",
)

OPENED = Verdict(
    mode=Mode.OPEN,
    outcome=Outcome.NO_GO,
    level=AlertLevel.MEDIUM,
    made_ms=T + 4_000_000,
    facts={
        "fx_krw_per_usdt": Fact(1_391.5, "krw_per_usdt", "binance", T + 3_999_400),
        "hedge": Fact("none", "text", "venues", None),
        "reference_usdt": Fact(0.0123, "usdt", "VWAP of binance, okx", T + 4_000_000),
        "market_cap_usd": Fact(12_345_678.9, "usd", "coingecko", T),
        "global_volume_usd": Fact(None, "usd", "okx", None),
    },
    blockers=(Finding("unprofitable", "", {"net_bps": 80.0, "margin_bps": 100.0}),),
    warnings=(Finding("low_volume", "", {"volume_usd": 54_321.0, "limit_usd": 100_000.0}), Finding("no_hedge")),
    routes=(
        Route("binance", "ETH", OPEN, TransferState.SCHEDULED, "yes", 5.0, 12.0, Decimal("12345.6")),
        Route(
            *("okx", "BASE", CLOSED, TransferState.UNKNOWN, "unknown", None, None, None),
            reasons=(Finding("withdrawal_closed"),),
        ),
    ),
    cost=Cost(
        notional_krw=Decimal(10_000_000),
        parts=(
            CostPart("korean_fee", Decimal(5), Decimal(5), "fees.yaml"),
            CostPart("gas", None, None, ""),
            CostPart("hedge", Decimal("3.2"), Decimal("7.25"), "binance"),
        ),
        total_bps=None,
        low_bps=Decimal("60"),
    ),
    premium_bps=523.4,
    excess_bps=310.2,
    net_bps=Decimal("80"),
    run_bps=1_234.0,
    venues_asked=("binance", "okx", "bybit"),
    venues_silent=("bybit",),
)

FIRST_KO = """\
🔔 신규 상장 · NOVA · 업비트 (KRW, BTC)
거래 시작 2027-01-15 18:00 KST (UTC+9), 59분 뒤
입금 시작 2027-01-15 17:30 KST (UTC+9)
공지 17:00:00 → 감지 17:00:01 KST (+1.2초) · upbit:announcement
“노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)”"""

FIRST_EN = """\
🔔 NEW LISTING · NOVA · Upbit (KRW, BTC)
Trading opens 2027-01-15 18:00 KST (UTC+9), in 59 min
Deposits open 2027-01-15 17:30 KST (UTC+9)
Published 17:00:00 → seen 17:00:01 KST (+1.2 s) · upbit:announcement
“노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)”"""

JUDGED_KO = """\
🟡 NO-GO · NOVA · 업비트 (KRW, BTC)
공지 이후 +12.34 %
거래 시작 2027-01-15 18:00 KST (UTC+9)
경로 binance → ETH, p50 5분 / p90 12분, 비용 ₩12,346
순이익 +0.80 % (₩80,000 / ₩10,000,000)

입금 시작 2027-01-15 17:30 KST (UTC+9)
공지 17:00:00 → 감지 17:00:01 KST (+1.2초) · upbit:announcement

막는 이유
· 순이익이 기준 이하 (순이익 +0.80 %, 기준 +1.00 %)

주의
· 해외 거래대금이 적음 (거래대금 $54.32k, 기준 $100.00k)
· 헤지 수단 없음

프리미엄
· 코인 프리미엄 (은행 환율 대비) +5.23 %
· 초과 프리미엄 (시장 프리미엄 대비) +3.10 %

경로
· binance → ETH, p50 5분 / p90 12분, 비용 ₩12,346: 출금 열림, 입금 예정, 트래블룰 가능
· okx → BASE, 시간 알 수 없음: 출금 닫힘, 입금·트래블룰 알 수 없음
  ✕ 해외 출금 닫힘 (물량 부족 신호)

비용
· 합계 (₩10,000,000 기준) ≥ 0.60 %
· 국내 수수료 0.05 %
· 가스비 알 수 없음
· 헤지 비용 0.03 % – 0.07 %

시장
· 헤지 없음
· 해외 기준가 $0.0123
· 적용 환율 ₩1,391.5/USDT
· 해외 24시간 거래대금 알 수 없음
· 시가총액 $12.35M

자료
· binance 0.6초, coingecko 1시간 6분
· 응답 없음: bybit

“노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)”"""

JUDGED_EN = """\
🟡 NO-GO · NOVA · Upbit (KRW, BTC)
+12.34 % since the notice
Trading opens 2027-01-15 18:00 KST (UTC+9)
Route binance → ETH, p50 5 min / p90 12 min, cost ₩12,346
Net +0.80 % (₩80,000 / ₩10,000,000)

Deposits open 2027-01-15 17:30 KST (UTC+9)
Published 17:00:00 → seen 17:00:01 KST (+1.2 s) · upbit:announcement

Blockers
· net profit at or below the margin (net +0.80 %, margin +1.00 %)

Warnings
· low global volume (volume $54.32k, limit $100.00k)
· no hedge

Premium
· coin premium, against the bank rate: +5.23 %
· excess over the market premium: +3.10 %

Routes
· binance → ETH, p50 5 min / p90 12 min, cost ₩12,346: withdrawal open, deposit scheduled, travel rule ok
· okx → BASE, time unknown: withdrawal closed, deposit·travel rule unknown
  ✕ foreign withdrawals closed (a sign of scarce supply)

Cost
· total for ₩10,000,000 ≥ 0.60 %
· Korean fee 0.05 %
· gas unknown
· hedge 0.03 % – 0.07 %

Market
· hedge none
· foreign reference price $0.0123
· FX used ₩1,391.5/USDT
· global volume 24 h unknown
· market cap $12.35M

Sources
· binance 0.6 s, coingecko 1 h 6 min
· no answer from: bybit

“노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)”"""


def test_a_first_sight_reads_so() -> None:
    assert message.first_sight(NOVA, "ko", T + 1_300) == FIRST_KO
    assert message.first_sight(NOVA, "en", T + 1_300) == FIRST_EN


def test_a_judged_listing_reads_so() -> None:
    assert message.with_verdict(NOVA, OPENED, "ko", T + 4_000_000) == JUDGED_KO
    assert message.with_verdict(NOVA, OPENED, "en", T + 4_000_000) == JUDGED_EN


def test_a_listing_of_which_little_is_known_says_unknown() -> None:
    bare = Listing("bithumb", "ZED", 1, (), ListingState.ANNOUNCED, T, Channel.BITHUMB_MARKET_LIST)
    assert message.first_sight(bare, "en", T).splitlines() == [
        "🔔 NEW LISTING · ZED · Bithumb",
        "Trading opens unknown",
        "Published: unknown → seen 17:00:00 KST · bithumb:market_list",
    ]
    assert message.first_sight(bare, "ko", T).splitlines()[1:] == [
        "거래 시작 알 수 없음",
        "공지 시각 알 수 없음 → 감지 17:00:00 KST · bithumb:market_list",
    ]


def test_a_late_sighting_says_by_how_much() -> None:
    late = msgspec.structs.replace(NOVA, first_seen_ms=T + 12 * 60_000 + 30_000)
    assert "⚠️ late by 12 min: published while we were not watching" in message.first_sight(late, "en", T)
    assert "⚠️ 12분 늦음: 보고 있지 않던 동안 공지됨" in message.first_sight(late, "ko", T)
    seconds = msgspec.structs.replace(NOVA, first_seen_ms=T + 34_400)
    assert "⚠️ late by 34 s: published while we were not watching" in message.first_sight(seconds, "en", T)
    on_time = msgspec.structs.replace(NOVA, first_seen_ms=T + 10_000)
    assert "late" not in message.first_sight(on_time, "en", T)


def test_a_sighting_days_late_names_the_day_of_publication() -> None:
    late = msgspec.structs.replace(NOVA, first_seen_ms=T + 40 * 3_600_000)
    assert "Published 2027-01-15 17:00 KST (UTC+9) → seen" in message.first_sight(late, "en", T)


def test_before_the_opening_the_break_even_premium_stands_where_net_will() -> None:
    before = msgspec.structs.replace(
        OPENED, mode=Mode.PRE_OPEN, outcome=Outcome.READY, level=AlertLevel.HIGH, premium_bps=None, excess_bps=None
    )
    lines = message.with_verdict(NOVA, before, "en", T + 5_000).splitlines()
    assert lines[0] == "🔔 READY · NOVA · Upbit (KRW, BTC)"
    assert "Break-even premium ≥ +0.60 % (gas: unknown)" in lines
    assert "Premium" not in lines
    assert not any(line.startswith("Net") for line in lines)


def test_unknown_is_never_shown_as_a_number() -> None:
    nothing = Verdict(Mode.OPEN, Outcome.NO_GO, AlertLevel.MEDIUM, T, facts={})
    text = message.with_verdict(NOVA, nothing, "en", T)
    assert "unknown since the notice" in text
    assert "Route unknown" in text
    assert "Net unknown" in text
    assert "0.00" not in text


def test_all_routes_closed_reads_none_open() -> None:
    shut = msgspec.structs.replace(OPENED, routes=OPENED.routes[1:])
    assert "Route none open" in message.with_verdict(NOVA, shut, "en", T)
    dark = msgspec.structs.replace(OPENED.routes[1], reasons=(Finding("withdrawal_unknown"),))
    unsure = msgspec.structs.replace(shut, routes=(*shut.routes, dark))
    assert "Route none known to be open" in message.with_verdict(NOVA, unsure, "en", T)


def test_a_reason_without_words_shows_its_code() -> None:
    odd = msgspec.structs.replace(OPENED, blockers=(Finding("sun_spots", "okx BASE", {"count": 3, "seen_ms": None}),))
    assert "· sun_spots · okx BASE (count 3, seen unknown)" in message.with_verdict(NOVA, odd, "en", T)


def test_a_scheduled_deposit_names_the_moment() -> None:
    reason = Finding("deposit_scheduled", "", {"opens_ms": T + 1_800_000})
    later = msgspec.structs.replace(OPENED, blockers=(reason,))
    assert "· Korean deposits open later (at 2027-01-15 17:30 KST (UTC+9))" in message.with_verdict(
        NOVA, later, "en", T
    )


def test_watch_only_says_what_is_missing() -> None:
    watch = msgspec.structs.replace(
        OPENED, blockers=(Finding("watch_only", "fx_hard_coded", {"krw_per_usdt": 1450.0}),)
    )
    assert "· WATCH ONLY · only the hard-coded FX rate (KRW/USDT 1,450)" in message.with_verdict(NOVA, watch, "en", T)
    assert "· 관찰만 (WATCH ONLY) · 환율이 고정값뿐 (KRW/USDT 1,450)" in message.with_verdict(NOVA, watch, "ko", T)


def test_a_turned_verdict_says_what_it_was_and_why_it_changed() -> None:
    text = message.verdict_changed(NOVA, Outcome.GO, OPENED, "en", T + 4_000_000)
    assert text.splitlines() == [
        "🟡 NO-GO · NOVA · Upbit (KRW, BTC)",
        "+12.34 % since the notice",
        "Trading opens 2027-01-15 18:00 KST (UTC+9)",
        "Route binance → ETH, p50 5 min / p90 12 min, cost ₩12,346",
        "Net +0.80 % (₩80,000 / ₩10,000,000)",
        "before: GO",
        "✕ net profit at or below the margin (net +0.80 %, margin +1.00 %)",
        "! low global volume (volume $54.32k, limit $100.00k)",
        "! no hedge",
    ]
    over = message.verdict_changed(NOVA, Outcome.GO, OPENED, "en", T, gone=(Finding("deposit_closed"),))
    assert "✓ no longer: Korean deposits closed" in over
    assert "이전 판단: GO" in message.verdict_changed(NOVA, Outcome.GO, OPENED, "ko", T)


@pytest.mark.parametrize(
    ("what", "ko", "en"),
    [
        ("time_set", "거래 시작 시각 확정", "OPENING TIME SET"),
        ("postponed", "상장 연기", "POSTPONED"),
        ("cancelled", "상장 취소", "CANCELLED"),
        ("deposits_open", "입금 열림", "DEPOSITS OPEN"),
        ("trading", "거래 시작됨", "TRADING HAS STARTED"),
    ],
)
def test_each_change_of_a_listing_has_its_headline(what: str, ko: str, en: str) -> None:
    assert message.change(what, NOVA, NOVA, "ko", T).startswith(f"🔔 {ko} · NOVA · 업비트 (KRW, BTC)\n")
    assert message.change(what, NOVA, NOVA, "en", T).startswith(f"🔔 {en} · NOVA · Upbit (KRW, BTC)\n")


def test_a_moved_opening_shows_both_times_and_an_added_market_its_name() -> None:
    moved = msgspec.structs.replace(NOVA, trading_starts_ms=T + 7_200_000, quotes=("KRW", "BTC", "USDT"))
    lines = message.change("time_moved", NOVA, moved, "en", T).splitlines()
    assert lines[1:4] == [
        "Trading opens 2027-01-15 19:00 KST (UTC+9), in 2 h",
        "before: 2027-01-15 18:00 KST (UTC+9)",
        "New markets USDT",
    ]


def test_the_first_trade_comes_with_its_premium() -> None:
    trading = msgspec.structs.replace(NOVA, first_trade_ms=T + 3_600_500)
    text = message.change("trading", NOVA, trading, "en", T + 3_601_000, premium_bps=812.0)
    assert "First trade 2027-01-15 18:00 KST (UTC+9)" in text
    assert "Coin premium +8.12 %" in text


def test_the_rival_exchange_is_named_first() -> None:
    rival = msgspec.structs.replace(NOVA, exchange="bithumb", first_channel=Channel.BITHUMB_NOTICES, title=None)
    text = message.rival_lists(NOVA, rival, "en", T)
    assert text.splitlines()[:2] == ["🔔 Bithumb lists it too · NOVA · Upbit (KRW, BTC)", "NOVA · Bithumb (KRW, BTC)"]
    assert message.rival_lists(NOVA, rival, "ko", T).startswith("🔔 빗썸도 상장 · NOVA")


def test_an_unread_notice_is_told_as_it_stands() -> None:
    notice = Notice("upbit", "n-9", "알 수 없는 <공지>", ("거래",), T, None, "https://notice.example/n-9")
    assert message.unread_notice(notice, "en", T + 1_000).splitlines() == [
        *("🔔 UNREAD NOTICE · Upbit", "“알 수 없는 <공지>”", "Published 2027-01-15 17:00 KST (UTC+9)"),
        *("Category 거래", "read it yourself", "https://notice.example/n-9"),
    ]


def test_missed_listings_are_one_line_each() -> None:
    notices = [Notice("upbit", str(n), f"코인{n} 거래지원", (), T - n * 86_400_000, None) for n in (3, 2)]
    assert message.missed_digest(notices, "en", T).splitlines() == [
        "▫️ 2 listing notices missed, too old to tell one by one",
        "· Upbit “코인3 거래지원” 3 d ago",
        "· Upbit “코인2 거래지원” 2 d ago",
    ]


def test_buttons_lead_to_the_notice_and_the_markets() -> None:
    odd = msgspec.structs.replace(NOVA, base="A&B", quotes=("KRW",))
    assert message.links(odd, "en") == (
        ("Notice", "https://notice.example/n-1"),
        ("A&B/KRW", "https://upbit.com/exchange?code=CRIX.UPBIT.KRW-A%26B"),
    )
    broken = msgspec.structs.replace(NOVA, base="\ud800/", quotes=("KRW",))
    assert message.links(broken, "en")[1][1].endswith("KRW-%3F%2F")


def test_the_operator_is_told_of_trouble_and_of_its_end() -> None:
    assert operator("upbit is silent", "see the log", "en") == "🔔 OPERATOR · upbit is silent\nsee the log"
    assert recovered("upbit", 95_000, "en") == "✅ RECOVERED · upbit (after 1 min 35 s)"
    assert recovered("upbit", 95_000, "ko") == "✅ 복구됨 · upbit (1분 35초 만에)"
    assert trial("ko", T) == "✅ 시험 알림 · 17:00:00 KST"


def test_a_digest_puts_the_loudest_first_and_bounds_its_length() -> None:
    items = [DigestItem(AlertLevel.LOW, T + n, f"low {n}\nmore") for n in range(60)]
    text = digest([*items, DigestItem(AlertLevel.HIGH, T, "high")], "en").splitlines()
    assert text[:3] == ["🔔 DIGEST of 61", "17:00:00 high", "17:00:00 low 0"]
    assert text[-1] == "and 21 more"


def test_a_repeat_and_a_delay_are_marked() -> None:
    assert marks("en", repeat=True, late_ms=0) == ["possible repeat"]
    assert marks("ko", repeat=True, late_ms=120_000) == ["중복일 수 있음", "2분 늦게 전송"]
    assert marks("en", repeat=False, late_ms=59_999) == []


numbers = st.none() | st.floats() | st.integers() | st.text(max_size=5) | st.booleans()
findings = st.builds(
    Finding, st.text(max_size=8), st.text(max_size=8), st.dictionaries(st.text(max_size=8), numbers, max_size=3)
)


@given(st.lists(findings, max_size=3), st.none() | st.floats(), st.text(max_size=20), st.integers(), st.integers())
def test_no_verdict_however_odd_costs_the_alert(
    reasons: list[Finding], number: float | None, title: str, starts_ms: int, now_ms: int
) -> None:
    listing = msgspec.structs.replace(NOVA, title=title, trading_starts_ms=starts_ms, base=title)
    verdict = msgspec.structs.replace(
        OPENED, blockers=tuple(reasons), warnings=tuple(reasons), premium_bps=number, run_bps=number
    )
    for language in ("ko", "en"):
        chosen: message.Language = "ko" if language == "ko" else "en"
        assert message.with_verdict(listing, verdict, chosen, now_ms)
        assert message.first_sight(listing, chosen, now_ms)
        assert message.links(listing, chosen)


def test_figures_that_are_ranges_guesses_or_late_say_so() -> None:
    cost = Cost(Decimal(10_000_000), (CostPart("hedge", Decimal(9), Decimal(114), "x"),), Decimal(150), Decimal(45))
    facts = {
        **OPENED.facts,
        "funding_bps": Fact(0.125, "bps", "venues", T),
        "basis_bps": Fact(None, "bps", "venues", None),
        "perp_gap_bps": Fact(250.0, "bps", "binance NOVAUSDT (pre-market)", T),
        "market_cap_usd": Fact(5e7, "usd", "coingecko /x, nova by symbol", T),
        "circulating_supply": Fact(4.05e7, "coins", "coingecko /x, nova by symbol", T),
        "upbit.deposit.ETH": Fact("open", "text", "upbit /v1/status/wallet, may lag by minutes", T + 3_999_000),
        "run.published_usdt": Fact(0.8, "usdt", "okx klines", T),
        "upbit.travel_rule.gate": Fact("yes", "text", "vasp_matrix.yaml, asked (2026-11-01)", T - 86_400_000),
        "previous.verdict": Fact("GO", "text", "decisions", T - 2_000),
        "run.volume_usdt": Fact(1.5e6, "usdt", "okx klines", T),
        "run_high_bps": Fact(2_000.0, "bps", "okx", T),
    }
    text = message.with_verdict(
        NOVA, msgspec.structs.replace(OPENED, cost=cost, facts=facts), "en", T + 4_000_000
    ).splitlines()
    assert text[1] == "+12.34 % since the notice (high +20.00 %, $1.50M traded)"
    assert "· total for ₩10,000,000 0.45 % – 1.50 %" in text
    assert "· hedge 0.09 % – 1.14 %" in text
    assert "· funding +0.0013 %" in text
    assert "· perpetual against spot +2.50 %" in text
    assert "· market cap $50.00M (by ticker only)" in text
    assert "· circulating supply 40,500,000 coins (by ticker only)" in text
    [sources] = [line for line in text if "coingecko" in line]
    assert "upbit 1.0 s (its transfer state may lag by minutes)" in sources
    assert "okx" not in sources  # the price at the notice is old by its nature
    assert not [word for word in ("yaml", "decisions", "upbit 2") if word in sources]  # nobody's answers of now


def test_without_a_notice_the_run_counts_from_the_first_sight() -> None:
    unpublished = msgspec.structs.replace(NOVA, published_ms=None)
    assert message.with_verdict(unpublished, OPENED, "en", T).splitlines()[1] == "+12.34 % since first seen"
    assert message.with_verdict(unpublished, OPENED, "ko", T).splitlines()[1] == "첫 감지 이후 +12.34 %"
