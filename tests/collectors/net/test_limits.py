"""The governor: budgets in any sliding second, pauses that are stated or grow, a circuit with one probe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.net.limits import CONNECT, HANDSHAKE, Limits, Paused, retry_after_s


def let_go(limits: Limits, service: str, group: str, at: float) -> bool:
    return limits.ask(service, group, at) == 0.0


@given(st.integers(1, 12), st.lists(st.floats(0, 0.4), max_size=80))
def test_no_second_ever_holds_more_than_the_rate(rate: int, pauses: list[float]) -> None:
    limits = Limits({"upbit": {"ticker": float(rate)}})
    now, gone = 0.0, list[float]()
    for pause in pauses:
        now += pause
        if let_go(limits, "upbit", "ticker", now):
            gone.append(now)
    assert all(later - earlier > 1.0 for earlier, later in zip(gone, gone[rate:], strict=False))


def test_asking_again_after_the_wait_it_names_is_enough() -> None:
    limits = Limits({"upbit": {"ticker": 2.0}})
    assert let_go(limits, "upbit", "ticker", 0.0)
    assert let_go(limits, "upbit", "ticker", 0.1)
    wait = limits.ask("upbit", "ticker", 0.2)
    assert isinstance(wait, float)
    assert wait > 0.8
    assert let_go(limits, "upbit", "ticker", 0.2 + wait)


def test_a_rate_below_one_a_second_is_one_per_interval() -> None:
    limits = Limits({"upbit_site": {"default": 0.25}})
    assert let_go(limits, "upbit_site", "anything", 0.0)
    assert not let_go(limits, "upbit_site", "anything", 4.0)
    assert let_go(limits, "upbit_site", "anything", 4.3)


def test_groups_of_one_host_do_not_share_a_budget_and_unknown_ones_share_the_default() -> None:
    limits = Limits({"bithumb": {"ticker": 1.0, "default": 1.0}})
    assert let_go(limits, "bithumb", "ticker", 0.0)
    assert let_go(limits, "bithumb", "orderbook", 0.0)
    assert not let_go(limits, "bithumb", "trade", 0.0)


def test_remaining_req_with_nothing_left_holds_that_group_for_a_second() -> None:
    limits = Limits({"upbit": {"ticker": 8.0, "market": 8.0}})
    limits.learn("upbit", "ticker", 200, {"remaining-req": "group=ticker; min=600; sec=0"}, 10.0)
    assert limits.ask("upbit", "ticker", 10.0) == 1.0
    assert let_go(limits, "upbit", "market", 10.0)
    limits.learn("upbit", "market", 200, {"remaining-req": "group=market; min=600; sec=7"}, 10.0)
    assert let_go(limits, "upbit", "market", 10.0)


def test_bithumbs_headers_can_only_make_a_budget_smaller() -> None:
    limits = Limits({"bithumb": {"ticker": 3.0}})
    told = {"x-ratelimit-burst-capacity": "150", "x-ratelimit-replenish-rate": "2"}
    limits.learn("bithumb", "ticker", 200, told, 0.0)
    assert [let_go(limits, "bithumb", "ticker", 0.1 * n) for n in range(4)] == [True, True, False, False]
    limits.learn("bithumb", "ticker", 200, {"x-ratelimit-remaining": "0"}, 5.0)
    assert limits.ask("bithumb", "ticker", 5.0) == 1.0


def test_429_pauses_every_group_of_the_host_for_growing_times_and_an_answer_ends_the_growth() -> None:
    limits = Limits({})
    now = 0.0
    waits = []
    for _ in range(8):
        limits.learn("upbit", "ticker", 429, {}, now)
        pause = limits.ask("upbit", "market", now)
        assert isinstance(pause, Paused)
        waits.append(pause.until - now)
        now = pause.until
        assert let_go(limits, "upbit", "ticker", now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert let_go(limits, "bithumb", "ticker", 0.0)
    limits.learn("upbit", "ticker", 200, {}, now)
    limits.learn("upbit", "ticker", 429, {}, now)
    assert limits.ask("upbit", "ticker", now) == Paused(now + 1.0, "HTTP 429, too many requests")


def test_answers_that_were_on_their_way_neither_grow_nor_end_a_pause() -> None:
    limits = Limits({})
    for _ in range(5):
        limits.learn("upbit", "ticker", 429, {}, 0.0)
    limits.learn("upbit", "market", 200, {}, 0.1)
    pause = limits.ask("upbit", "ticker", 0.2)
    assert isinstance(pause, Paused)
    assert pause.until == 1.0


def test_retry_after_is_obeyed() -> None:
    limits = Limits({})
    limits.learn("telegram", "default", 429, {"retry-after": "17"}, 100.0)
    pause = limits.ask("telegram", "default", 100.0)
    assert isinstance(pause, Paused)
    assert pause.until == 117.0


def test_the_site_is_left_alone_for_at_least_thirty_seconds_after_a_429() -> None:
    limits = Limits({})
    for headers in ({}, {"retry-after": "2"}):
        limits.learn("upbit_site", "default", 429, headers, 0.0)
        pause = limits.ask("upbit_site", "default", 29.9)
        assert isinstance(pause, Paused)
        assert pause.until >= 30.0


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"", 60.0),
        (b"Too many requests. Try again in 57 seconds.", 57.0),
        ("3분 동안 차단되었습니다".encode(), 180.0),
        (b'{"error":{"name":418,"message":"banned for 2 minutes"}}', 120.0),
        (b"wait 1500 ms", 1.5),
    ],
)
def test_418_pauses_for_the_stated_time_or_a_minute(body: bytes, seconds: float) -> None:
    limits = Limits({})
    limits.learn("upbit", "ticker", 418, {}, 0.0, body)
    pause = limits.ask("upbit", "market", 0.0)
    assert isinstance(pause, Paused)
    assert pause.until == seconds


def test_bybits_too_frequent_is_a_ban_of_ten_minutes_and_another_403_is_not() -> None:
    limits = Limits({})
    limits.learn("bybit", "ticker", 403, {}, 0.0, b"<html>Forbidden</html>")
    assert let_go(limits, "bybit", "ticker", 0.0)
    limits.learn("bybit", "ticker", 403, {}, 0.0, b"403, access too frequent")
    pause = limits.ask("bybit", "ticker", 0.0)
    assert isinstance(pause, Paused)
    assert pause.until == 600.0


def test_too_many_handshakes_pause_handshakes_only() -> None:
    limits = Limits({})
    limits.learn("bithumb", CONNECT, 429, {"retry-after": "600"}, 0.0)
    assert isinstance(limits.ask("bithumb", CONNECT, 1.0), Paused)
    assert let_go(limits, "bithumb", "ticker", 1.0)


def test_a_host_that_fails_five_times_is_tried_by_one_request_at_a_time() -> None:
    limits = Limits({})
    for _ in range(4):
        limits.failed("okx", 0.0)
        assert let_go(limits, "okx", "default", 0.0)
    limits.failed("okx", 0.0)
    assert limits.ask("okx", "default", 0.5) == Paused(1.0, "5 failures in a row")
    assert let_go(limits, "okx", "default", 1.0)
    assert isinstance(limits.ask("okx", "default", 1.1), Paused), "the probe is under way"
    limits.failed("okx", 1.5)
    assert limits.ask("okx", "default", 2.0) == Paused(3.5, "6 failures in a row")
    assert let_go(limits, "okx", "default", 3.5)
    limits.learn("okx", "default", 200, {}, 3.6)
    assert let_go(limits, "okx", "default", 3.6)
    assert let_go(limits, "okx", "default", 3.6)


def test_handshakes_neither_wait_for_requests_that_fail_nor_try_in_their_place() -> None:
    """REST may be down while the sockets are up; a handshake never says how a request would have fared."""
    limits = Limits({"upbit": {CONNECT: 1.0}})
    for _ in range(5):
        limits.failed("upbit", 0.0)
    assert isinstance(limits.ask("upbit", "ticker", 0.5), Paused)
    assert let_go(limits, "upbit", CONNECT, 0.5)
    assert let_go(limits, "upbit", CONNECT, 2.0)
    assert let_go(limits, "upbit", "ticker", 2.0)
    assert limits.ask("upbit", CONNECT, 2.1) == pytest.approx(0.95)
    assert isinstance(limits.ask("upbit", "ticker", 2.2), Paused), "the probe is still under way"


def test_handshakes_are_counted_like_the_ways_to_them_and_share_their_pause() -> None:
    limits = Limits({"upbit": {CONNECT: 2.0}})
    gone = {group: [let_go(limits, "upbit", group, 0.0) for _ in range(3)] for group in (CONNECT, HANDSHAKE)}
    assert gone == {CONNECT: [True, True, False], HANDSHAKE: [True, True, False]}
    limits.learn("upbit", CONNECT, 429, {"retry-after": "60"}, 1.0)
    assert isinstance(limits.ask("upbit", HANDSHAKE, 30.0), Paused)
    assert let_go(Limits({}), "elsewhere", HANDSHAKE, 0.0)


def test_thirty_requests_that_fail_together_are_one_bad_moment() -> None:
    limits = Limits({})
    for _ in range(30):
        limits.failed("bithumb", 5.0)
    assert limits.ask("bithumb", "notices", 5.5) == Paused(6.0, "5 failures in a row")
    assert let_go(limits, "bithumb", "notices", 6.0)


def test_server_errors_count_as_failures_and_the_circuit_never_stays_open_for_long() -> None:
    limits = Limits({})
    for n in range(40):
        limits.learn("okx", "default", 502, {}, float(n))
    pause = limits.ask("okx", "default", 40.0)
    assert isinstance(pause, Paused)
    assert pause.until <= 39.0 + 10.0


def test_a_probe_that_never_reports_back_is_given_up() -> None:
    limits = Limits({})
    for _ in range(5):
        limits.failed("okx", 0.0)
    assert let_go(limits, "okx", "default", 1.0)
    assert isinstance(limits.ask("okx", "default", 10.9), Paused)
    assert let_go(limits, "okx", "default", 11.0)


def test_the_state_of_every_host_is_readable() -> None:
    limits = Limits({"upbit": {"default": 8.0}})
    limits.learn("bithumb", "notices", 429, {"retry-after": "5"}, 100.0)
    limits.failed("okx", 100.0)
    state = limits.state(101.0)
    assert (state["upbit"].paused_s, state["upbit"].why) == (0.0, "")
    assert (state["bithumb"].paused_s, state["bithumb"].why) == (4.0, "HTTP 429, too many requests")
    assert state["okx"].failures_in_a_row == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("12", 12.0), ("0", 0.0), ("-3", None), ("nan", None), ("soon", None), ("1e9", 3600.0)],
)
def test_retry_after_is_read_with_suspicion(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds
