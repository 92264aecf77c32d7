"""What an exchange's socket tells of its own seconds, held against a recorder that missed some of it."""

from typing import Any

import pytest
from msgspec.structs import replace

from collectors.events import Candle, GapCause
from collectors.net.http import Response
from collectors.repair import told_seconds as told_seconds_module
from collectors.repair.history import Unanswered
from ops.process.lifetimes import running
from tests.collectors.repair.audited import Audited, healed_start, looked_at, with_a_trade_too_many
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import numbered
from tests.fakes.recording import BTC, ETH


def told_seconds(bench: Audited, from_s: int, to_s: int) -> list[Candle]:
    """The seconds of [from_s, to_s) as the exchange would tell them: no count of trades."""
    made = [each for each in bench.rest.trades if from_s <= (each.traded_ms - START_MS) // 1_000 < to_s]
    return [replace(each, trades=0) for each in numbered(made, 1_000)]


async def test_told_seconds_that_are_ours_are_counted_and_nothing_is_asked(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 61, 81)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (20, 0, 0)
    assert upbit.rest.asked == []


async def test_a_withheld_trade_that_the_socket_tells_is_mended_as_soon_as_pages_show_it(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.run(1, [BTC], heard=False)
    await upbit.run(8, [BTC])
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 61, 65)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.rest.asked == [], "no page shows it yet"
    await upbit.run(10, [BTC])
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (2, 2, 0)
    assert upbit.wrong(BTC, 61, 65) == []
    assert [row[:4] for row in upbit.gaps()[-1:]] == [("differed", "healed", 61, 63)]
    assert {path for path, _ in upbit.rest.asked} == {"/v1/trades/ticks"}
    upbit.rest.asked.clear()
    await upbit.auditor.look_into_suspects()
    assert upbit.rest.asked == [], "it was looked into"


async def test_a_telling_without_the_last_trades_says_nothing(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 65, 66)
    short = replace(whole, volume=whole.volume - 1.5, quote_volume=whole.quote_volume - 1.5 * whole.close)
    upbit.rest.asked.clear()
    assert upbit.auditor.told([short]) == 1
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []


async def test_a_part_of_ours_that_opens_otherwise_may_hold_a_trade_that_we_lack(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 61, 62)
    ours = upbit.recorder.second(BTC, whole.open_ms)
    assert ours is not None
    assert ours.open != whole.open
    without_the_last = replace(whole, high=ours.high, low=ours.low, volume=1.6, quote_volume=160.0)
    assert upbit.auditor.told([without_the_last]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 1, 0)
    assert upbit.wrong(BTC, 61, 62) == []


async def test_markets_that_are_not_heard_keep_no_other_from_being_looked_into(
    upbit: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_seconds_module, "MOST_SUSPECTS", 10)
    await upbit.begin(BTC, ETH)
    await upbit.run(60, [BTC, ETH])
    upbit.recorder.lost([BTC], upbit.clock.now_ms(), GapCause.DISCONNECT)
    await upbit.run(20, [BTC], heard=False)
    await upbit.run(1, [ETH], heard_at=(400,))
    await upbit.run(20, [ETH])
    for market in (BTC, ETH):
        made = [each for each in upbit.rest.trades if each.market == market]
        upbit.auditor.told([each for each in numbered(made, 1_000) if each.open_ms >= START_MS + 60_000])
    await upbit.auditor.look_into_suspects()
    assert upbit.counts[1] == 1
    assert upbit.wrong(ETH, 61, 90) == []


async def test_a_second_whose_prices_alone_differ_is_held_against_its_trades(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 65, 66)
    upbit.rest.asked.clear()
    assert upbit.auditor.told([replace(whole, close=whole.close + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (1, 0, 0), "ours stands, by its trades"
    assert [path for path, _ in upbit.rest.asked] == ["/v1/trades/ticks"]


async def test_a_told_second_that_a_gap_touches_is_left_to_healing(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    upbit.recorder.lost([BTC], upbit.clock.now_ms(), GapCause.DISCONNECT)
    await upbit.run(3, [BTC], heard=False)
    upbit.recorder.live([BTC], upbit.clock.now_ms())
    await upbit.run(20, [BTC])
    upbit.rest.asked.clear()
    upbit.auditor.told(told_seconds(upbit, 62, 64))
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []


async def test_suspects_that_nobody_can_be_asked_about_now_wait(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.settle(BTC, seconds=30)
    upbit.auditor.told(told_seconds(upbit, 61, 62))
    upbit.rest.fails = lambda path: Response(429, {}, b"Too many API requests.", 0, 0)
    with pytest.raises(Unanswered):
        await upbit.auditor.look_into_suspects()
    upbit.rest.fails = None
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 1, 0)
    assert upbit.wrong(BTC, 61, 62) == []


async def test_what_the_socket_told_and_a_look_at_once_are_not_three_witnesses(upbit: Audited) -> None:
    await with_a_trade_too_many(upbit, BTC)
    [whole] = told_seconds(upbit, 70, 71)
    assert upbit.auditor.told([replace(whole, high=whole.high + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    await upbit.auditor.look(BTC)
    assert upbit.counts[1:] == (0, 0)
    assert upbit.auditor.told([replace(whole, high=whole.high + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts[1:] == (0, 0), "told twice, it is no more in doubt"
    await looked_at(upbit, BTC, 2)
    assert upbit.counts[1:] == (1, 0)
    assert upbit.wrong(BTC, 1, 130) == []


async def test_a_market_whose_pages_always_fail_does_not_keep_the_audit_from_all_others(
    upbit: Audited, clock: FakeClock
) -> None:
    await upbit.begin(BTC, ETH)
    await upbit.run(90, [BTC, ETH])
    upbit.backfill.busy = False
    for whole in told_seconds(upbit, 62, 64):
        upbit.auditor.told([replace(whole, market=BTC, close=whole.close + 1)])
    true, failed = upbit.rest.get, []

    async def get(service: str, path: str, **more: Any) -> Response:
        if "KRW-BTC" in dict(more["params"]).values():
            failed.append(path)
            return upbit.rest._answer({}, 500)
        return await true(service, path, **more)

    upbit.rest.get = get  # type: ignore[method-assign]
    async with running(upbit.auditor.run()):
        for _ in range(240):
            await upbit.run(1, [BTC, ETH])
            await upbit.writer.run(lambda connection: None)
    assert failed.count("/v1/trades/ticks") == 3, "then it is left to the pages of candles"
    assert upbit.counts[0] > 60, "the other market is compared all the while"


async def test_a_told_second_from_before_the_market_was_expected_is_nobody_s_miss(upbit: Audited) -> None:
    """A first telling may be of the last second that traded, long before the daemon began."""
    await upbit.run(60, [BTC], heard=False)
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 50, 51)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []
    assert all(row[0] != "differed" for row in upbit.gaps())
