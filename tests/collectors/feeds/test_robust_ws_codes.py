"""The markets a shard asks for: added, taken away, refused by the exchange, forgotten by it, and doubted."""

from collections.abc import Sequence

from collectors.events import GapCause, Market
from collectors.exchanges import bithumb_ws, upbit_ws
from collectors.feeds.robust_ws import Pace
from ops.process.lifetimes import running
from tests.collectors.feeds.shards import BTC, ETH, XRP, Log, frame, refusing, shard_of
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer, error_frame, send, stall, trade_frame


async def test_a_market_added_while_connected_costs_the_others_nothing(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        shard.change_markets([BTC, ETH, XRP])
        await clock.advance(5)
        assert exchange.connections[0].requests == [["KRW-BTC", "KRW-ETH"], ["KRW-BTC", "KRW-ETH", "KRW-XRP"]]
        assert [markets for markets, _ in log.of("live")] == [("BTC", "ETH"), ("XRP",)]
        assert log.of("lost") == []


async def test_what_an_added_market_traded_before_is_no_loss_when_it_is_shown_once_more(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.settle()
        exchange.connections[0].say(frame(BTC, 1, 0.0))
        await clock.advance(9)
        for wanted in ([BTC, ETH], [BTC, ETH, XRP]):
            shard.change_markets(wanted)
            await clock.settle()
            exchange.connections[0].say(frame(ETH, 2, 8.0, st="SNAPSHOT"))
            await clock.advance(3)
        assert log.of("lost") == []
        exchange.connections[0].say(frame(ETH, 3, 10.0, st="SNAPSHOT"))
        await clock.settle()
        assert log.of("lost") != [], "this was traded after it was asked for, and never came"


async def test_a_market_taken_away_is_told_and_asked_for_no_more(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        shard.change_markets([BTC])
        await clock.advance(5)
        assert exchange.connections[0].requests[-1] == ["KRW-BTC"]
        assert [(markets, cause) for markets, _, cause in log.of("lost")] == [(("ETH",), GapCause.STOP)]


async def test_a_market_taken_away_from_a_connection_that_fell_silent_is_missed_since_its_last_word(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()), stall())
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(8)
        shard.change_markets([BTC])
        await clock.settle()
        assert log.of("lost") == [(("ETH",), START_MS - 1_000, GapCause.STOP)]


async def test_a_connection_that_is_gone_hears_of_no_change(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(answer(refusing()))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        exchange.connections[0].cut()
        await clock.settle()
        said = len(exchange.connections[0].sent)
        shard.change_markets([BTC])
        shard.doubt()
        shard.ask_again()
        await clock.advance(5)
        assert [markets for markets, *_ in log.of("lost")] == [("BTC", "ETH")]
        assert len(exchange.connections[0].sent) == said
        assert exchange.connections[1].requests == [["KRW-BTC"]]


async def test_a_shard_without_markets_does_not_connect_until_it_has_some(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(60)
        assert exchange.attempts_at == []
        shard.change_markets([BTC])
        await clock.advance(1)
        assert shard.status.live_markets == 1


async def test_offending_codes_are_bisected_out_and_the_others_kept(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(20)]
    exchange.script(answer(refusing("KRW-C3", "KRW-C17")))
    shard = shard_of(markets, exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(60)
        assert len(exchange.connections) == 1
        assert shard.status.refused_codes == ("KRW-C17", "KRW-C3")
        assert set(exchange.connections[0].requests[-1]) == {m.code for m in markets} - {"KRW-C3", "KRW-C17"}
        assert shard.status.live_markets == 18


async def test_while_a_bad_code_is_looked_for_the_trades_of_the_others_prove_no_request(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    new, bad = Market("upbit", "NEW", "KRW"), Market("upbit", "BAD", "KRW")
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.settle()
        (connection,) = exchange.connections
        connection.say(frame(BTC, 1, st="SNAPSHOT"))
        await clock.advance(2)
        shard.change_markets([BTC, ETH, XRP, bad, new])
        await clock.settle()
        connection.say(error_frame("INVALID_PARAM"))
        await clock.settle()
        assert connection.requests[-1] == ["KRW-BTC", "KRW-ETH", "KRW-XRP"]
        connection.say(frame(BTC, 2, 2.0))  # of the request before, which stands
        await clock.advance(0.2)
        assert [markets for markets, _ in log.of("live")] == [("BTC", "ETH")]
        connection.say(frame(XRP, 3, st="SNAPSHOT"))
        await clock.advance(1.5)
        assert connection.requests[-1] == ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-BAD", "KRW-NEW"]
        connection.say(frame(ETH, 4, 3.6), error_frame("INVALID_PARAM"))
        await clock.settle()
        assert connection.requests[-1] == ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-BAD"]
        connection.say(frame(ETH, 5, 3.7), error_frame("INVALID_PARAM"))
        await clock.settle()
        assert connection.requests[-1] == ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-NEW"]
        assert list(shard.status.refused_codes) == ["KRW-BAD"]
        connection.say(frame(new, 6, st="SNAPSHOT"))
        await clock.settle()
        assert shard.status.live_markets == 4


async def test_without_a_list_a_code_that_never_traded_stands_beside_a_bad_one_while_the_others_trade(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    heard, silent, bad = (Market("bithumb", base, "KRW") for base in ("BTC", "NEW", "BAD"))

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        if bad.code in codes:
            return [error_frame("INVALID_PARAM")]
        return [trade_frame(code, 1.0, START_MS, 1, st="SNAPSHOT") for code in codes if code != silent.code]

    exchange.script(answer(reply))
    shard = shard_of([heard], exchange, log, clock, feed=bithumb_ws.FEED)
    async with running(shard.run()):
        await clock.advance(5)
        shard.change_markets([heard, silent, bad])
        for second in range(5, 35):
            exchange.connections[0].say(frame(heard, second, second))
            await clock.advance(1)
        assert len(exchange.connections) == 1
        assert shard.status.live_markets == 2
        assert shard.status.refused_codes == ("KRW-BAD",)
        assert shard.status.probes == 1


async def test_what_is_said_again_after_a_wait_names_all_that_was_asked_for_meanwhile(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    """Each request replaces the one before: an older set said last would be what the exchange sends."""
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(2)
        for _ in range(upbit_ws.FEED.messages_per_s):
            shard.ask_again()
            await clock.settle()
        shard.change_markets([BTC, ETH, XRP])
        await clock.settle()
        shard.ask_again()
        await clock.advance(5)
        assert shard.status.live_markets == 3
        assert exchange.connections[0].requests[-1] == ["KRW-BTC", "KRW-ETH", "KRW-XRP"]


async def test_an_exchange_that_refuses_every_request_is_tried_again_later(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(lambda codes: [error_frame("WRONG_FORMAT")]))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH, XRP], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(20)
        assert shard.status.live_markets == 3


async def test_codes_refused_in_a_bad_minute_of_the_exchange_are_won_back(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    def bad_until_5_s(codes: Sequence[str]) -> Sequence[bytes]:
        return refusing("KRW-ETH" if clock.monotonic() < 5 else "none")(codes)

    exchange.script(answer(bad_until_5_s))
    shard = shard_of([BTC, ETH, XRP], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(4)
        assert list(shard.status.refused_codes) == ["KRW-ETH"]
        await clock.advance(10)
        assert list(shard.status.refused_codes) == []
        assert shard.status.live_markets == 3
        assert len(exchange.connections) == 1


async def test_a_code_that_stays_refused_disturbs_the_others_less_and_less_often(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing("KRW-ETH")))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(2 * 3600)
        assert shard.status.live_markets == 1
        assert len(log.of("lost")) < 14


async def test_an_error_no_code_is_to_blame_for_ends_the_connection(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(error_frame("NO_TICKET")))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(1)
        assert shard.status.live_markets == 1
        assert shard.status.refused_codes == ()


async def test_messages_stay_within_five_a_second_and_a_hundred_a_minute(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    said: list[float] = []

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        said.append(clock.monotonic())
        return refusing(*(f"KRW-C{n}" for n in range(0, 60, 12)))(codes)

    exchange.script(answer(reply))
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(60)]
    shard = shard_of(markets, exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(120)
        assert shard.status.live_markets == 55
    assert all(b - a > 1.0 for a, b in zip(said, said[5:], strict=False))
    assert all(b - a > 60.0 for a, b in zip(said, said[100:], strict=False))


async def test_codes_that_the_exchange_has_forgotten_are_a_gap_and_asked_for_again(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(100)
        assert log.of("lost") == []
        exchange.connections[0].forgotten.add("KRW-ETH")
        await clock.advance(21)
        exchange.connections[0].forgotten.clear()
        [(markets, from_ms, cause)] = log.of("lost")
        assert (markets, cause) == (("ETH",), GapCause.STALE)
        assert isinstance(from_ms, int)
        assert START_MS + 88_000 <= from_ms <= START_MS + 90_000, "when the list was right for the last time"
        await clock.advance(2)
        assert [each[0] for each in log.of("live")] == [("BTC", "ETH"), ("ETH",)]
        assert len(exchange.connections) == 1


async def test_codes_that_never_traded_are_live_once_the_exchange_lists_them(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(600)
        assert len(exchange.connections) == 1
        assert [each[0] for each in log.of("live")] == [("BTC",)]
        assert log.of("lost") == []


async def test_a_doubted_shard_asks_for_its_list_and_for_all_of_it_once_more(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(5)
        for _ in range(5):
            shard.doubt()
            await clock.advance(1)
        said = exchange.connections[0].sent
        assert sum("LIST_SUBSCRIPTIONS" in text for text in said) == 1
        assert exchange.connections[0].requests == [["KRW-BTC", "KRW-ETH"]] * 2
        assert log.of("lost") == []
