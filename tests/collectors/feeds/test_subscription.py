"""A subscription's bookkeeping, against an exchange that refuses any request naming a bad code."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Market, Trade
from collectors.feeds.subscription import Subscription

MARKETS = [Market("upbit", f"C{n}", "KRW") for n in range(40)]


def trade(market: Market, *, snapshot: bool = False) -> Trade:
    return Trade(market, 1.0, 1.0, "buy", 1_800_000_000_000, 1_800_000_000_010, 1, snapshot)


def settle(subscription: Subscription, bad: set[Market]) -> int:
    """Answer requests as the exchange would until nothing is left to ask; how many it took."""
    asked = 0
    while not subscription.hopeless and (markets := subscription.next_request()) is not None:
        asked += 1
        if bad & set(markets):
            subscription.refuse()
        else:
            subscription.accept()
    return asked


@given(st.sets(st.sampled_from(MARKETS), max_size=4))
def test_offending_codes_are_found_and_all_others_kept(bad: set[Market]) -> None:
    subscription = Subscription(MARKETS)
    asked = settle(subscription, bad)
    assert subscription.refused == bad
    assert set(subscription.live) == set(MARKETS) - bad
    assert asked <= 1 + 2 * len(bad) * 7 + len(bad)


def test_one_request_names_every_market_and_is_proven_once() -> None:
    subscription = Subscription(MARKETS[:3])
    assert subscription.next_request() == tuple(MARKETS[:3])
    assert subscription.next_request() is None
    assert subscription.proven_by(trade(MARKETS[0]))
    assert subscription.accept() == tuple(MARKETS[:3])
    assert not subscription.proven_by(trade(MARKETS[0]))


def test_an_added_market_is_asked_beside_those_that_are_live_and_only_it_becomes_live() -> None:
    subscription = Subscription(MARKETS[:2])
    settle(subscription, set())
    assert subscription.change(MARKETS[:3]) == ()
    assert subscription.next_request() == tuple(MARKETS[:3])
    assert not subscription.proven_by(trade(MARKETS[0]))
    assert not subscription.proven_by(trade(MARKETS[0], snapshot=True)), "it may answer what was asked before"
    assert subscription.proven_by(trade(MARKETS[2]))
    assert subscription.accept() == (MARKETS[2],)


def test_after_a_refusal_what_the_former_request_still_brings_proves_nothing_new() -> None:
    subscription = Subscription(MARKETS[:1])
    settle(subscription, set())
    subscription.change(MARKETS[:5])
    subscription.next_request()
    subscription.refuse()
    assert subscription.next_request() == tuple(MARKETS[:3])
    assert not subscription.proven_by(trade(MARKETS[0]))
    assert subscription.proven_by(trade(MARKETS[1]))


def test_a_market_that_comes_back_is_proven_by_its_snapshot_alone() -> None:
    subscription = Subscription(MARKETS[:2])
    settle(subscription, set())
    subscription.change(MARKETS[:1])
    subscription.change(MARKETS[:3])
    assert subscription.next_request() == (MARKETS[0], MARKETS[1], MARKETS[2])
    assert not subscription.proven_by(trade(MARKETS[1])), "the request before it names it, too, and may still stand"
    assert subscription.proven_by(trade(MARKETS[1], snapshot=True))


def test_where_nothing_new_is_tried_a_snapshot_of_what_was_accepted_is_the_answer() -> None:
    subscription = Subscription(MARKETS[:2])
    settle(subscription, set())
    subscription.change(MARKETS[:3])
    subscription.next_request()
    subscription.refuse()
    assert subscription.next_request() == tuple(MARKETS[:2])
    assert not subscription.proven_by(trade(MARKETS[0])), "it may have been on its way before the refusal"
    assert subscription.proven_by(trade(MARKETS[0], snapshot=True))


def test_a_dropped_market_is_named_and_the_rest_asked_for_again() -> None:
    subscription = Subscription(MARKETS[:3])
    settle(subscription, set())
    assert subscription.change(MARKETS[1:3]) == (MARKETS[0],)
    assert subscription.next_request() == tuple(MARKETS[1:3])
    assert subscription.accept() == ()
    assert subscription.live == tuple(MARKETS[1:3])


def test_a_refused_newcomer_makes_the_others_prove_themselves_again() -> None:
    subscription = Subscription(MARKETS[:2])
    settle(subscription, set())
    subscription.change(MARKETS[:3])
    subscription.next_request()
    assert subscription.refuse() == tuple(MARKETS[:2])
    assert subscription.live == ()
    assert subscription.next_request() == tuple(MARKETS[:2])
    assert subscription.accept() == tuple(MARKETS[:2])
    assert subscription.refused == {MARKETS[2]}
    assert subscription.next_request() is None


def test_a_refused_market_is_not_asked_again_on_the_same_connection() -> None:
    subscription = Subscription(MARKETS[:2])
    settle(subscription, {MARKETS[1]})
    subscription.change([*MARKETS[:2]])
    assert subscription.next_request() is None


def test_an_exchange_that_refuses_everything_is_given_up_after_a_few_requests() -> None:
    subscription = Subscription(MARKETS)
    asked = settle(subscription, set(MARKETS))
    assert subscription.hopeless
    assert asked <= 20


def test_a_market_dropped_while_its_request_is_out_does_not_become_live() -> None:
    subscription = Subscription(MARKETS[:2])
    subscription.next_request()
    subscription.change(MARKETS[:1])
    assert subscription.accept() == (MARKETS[0],)
    assert subscription.next_request() == (MARKETS[0],)


def test_a_market_dropped_while_its_request_is_out_and_taken_up_again_is_proven_by_its_snapshot_alone() -> None:
    subscription = Subscription(MARKETS[:1])
    settle(subscription, set())
    subscription.change(MARKETS[:2])
    subscription.next_request()
    subscription.change(MARKETS[:1])
    subscription.accept()
    subscription.change(MARKETS[:3])
    assert subscription.next_request() == tuple(MARKETS[:3])
    assert not subscription.proven_by(trade(MARKETS[1])), "the request before it stands, and names it"
    assert subscription.proven_by(trade(MARKETS[1], snapshot=True))


def test_a_market_dropped_while_its_request_is_out_is_neither_refused_nor_asked_again() -> None:
    subscription = Subscription(MARKETS[:3])
    subscription.next_request()
    subscription.change(MARKETS[:2])
    subscription.refuse()
    assert subscription.next_request() == (MARKETS[0],)
    subscription.change(MARKETS[1:2])
    subscription.refuse()
    assert subscription.refused == set()
    assert subscription.next_request() == (MARKETS[1],)


def test_a_repetition_that_is_refused_when_its_markets_are_gone_leaves_no_empty_request() -> None:
    subscription = Subscription(MARKETS[:1])
    settle(subscription, set())
    subscription.say_again()
    assert subscription.next_request() == (MARKETS[0],)
    subscription.change(MARKETS[1:2])
    subscription.refuse()
    assert subscription.next_request() == (MARKETS[1],)


@given(st.data())
def test_whatever_changes_while_requests_are_out_only_wanted_markets_are_asked_and_none_is_left_out(
    data: st.DataObject,
) -> None:
    some = st.lists(st.sampled_from(MARKETS[:6]), min_size=1, unique=True)
    bad = data.draw(st.sets(st.sampled_from(MARKETS[:6]), max_size=3))
    subscription = Subscription(data.draw(some))
    for _ in range(data.draw(st.integers(1, 12))):
        markets = subscription.next_request()
        if markets is not None:
            assert markets
            assert set(markets) <= set(subscription.wanted)
        if data.draw(st.booleans()):
            subscription.change(data.draw(some))
        if data.draw(st.booleans()):
            subscription.say_again()
        if markets is not None:
            if bad & set(markets):
                subscription.refuse()
            else:
                subscription.accept()
        assert subscription.refused <= set(subscription.wanted)
    settle(subscription, bad)
    assert set(subscription.live) | subscription.refused == set(subscription.wanted)
