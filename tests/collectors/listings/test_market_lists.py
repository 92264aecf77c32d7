"""What one list shows is weighed against what the exchange's other list shows."""

import pytest

from collectors.events import Channel, Market, market_of
from collectors.listings.market_lists import MarketLists, Renamed

LIST, TICKERS = Channel.UPBIT_MARKET_LIST, Channel.UPBIT_TICKER_ALL
T = 1_800_000_000_000
BTC, ETH, NOVA, EOS, A = (market_of("upbit", f"KRW-{base}") for base in ("BTC", "ETH", "NOVA", "EOS", "A"))


def lists(tickers: set[Market] | None = None, read_ms: int = T) -> MarketLists:
    """Both lists with a baseline an hour old, read at `read_ms`."""
    codes = {market.code: T - 3_600_000 for market in (BTC, ETH, EOS)}
    known = MarketLists({LIST: codes, TICKERS: codes, Channel.BITHUMB_MARKET_LIST: {"KRW-NOVA": 0}})
    if tickers is not None:
        known.keep(TICKERS, {market.code for market in tickers}, T - 3_600_000)
    for channel in (LIST, TICKERS):
        known.read(channel, read_ms, {EOS: "이오스"})
    return known


def test_a_market_that_joins_one_list_has_joined_the_exchange() -> None:
    found = lists().change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None, {}, T)
    assert found.joined == {NOVA}
    assert not (found.left or found.renamed)


def test_a_market_that_one_list_lost_while_the_other_shows_it_has_not_left() -> None:
    assert lists().change(LIST, {BTC, ETH}, 10, [], None, {}, T).left == frozenset()


def test_a_market_gone_from_both_has_left_and_so_has_one_whose_other_list_is_blind() -> None:
    both = lists(tickers={BTC, ETH})
    assert both.change(LIST, {BTC, ETH}, 10, [], None, {}, T).left == {EOS}
    blind = lists()
    blind.read(LIST, T + 120_000, {})
    assert blind.change(LIST, {BTC, ETH}, 10, [], None, {}, T).left == {EOS}


def test_a_coin_remains_unless_krw_or_its_last_market_left() -> None:
    in_btc, in_usdt = market_of("upbit", "BTC-EOS"), market_of("upbit", "USDT-EOS")
    known = lists(tickers={BTC, ETH, EOS, in_btc})
    known.keep(LIST, {"KRW-BTC", "KRW-EOS", "BTC-EOS", "USDT-EOS"}, T - 3_600_000)

    def remaining(*shown: Market) -> frozenset[str]:
        return known.change(LIST, {BTC, *shown}, 10, [], None, {}, T).remaining

    assert remaining(EOS, in_btc) == {"EOS"}
    known.keep(TICKERS, {"KRW-BTC"}, T)
    assert remaining(EOS, in_btc) == remaining(EOS) == {"EOS"}
    assert remaining(in_btc, in_usdt) == remaining() == frozenset()


def test_a_row_that_this_list_lacked_all_along_is_not_new() -> None:
    known = lists(tickers={BTC, ETH, EOS, NOVA})
    found = known.change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None, {}, T)
    assert found.known_elsewhere == {NOVA}
    assert not found.joined


def test_a_row_that_another_list_showed_just_before_is_new_all_the_same() -> None:
    known = lists()
    known.keep(TICKERS, {"KRW-BTC", "KRW-ETH", "KRW-EOS", "KRW-NOVA"}, T - 500)
    assert known.change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None, {}, T).joined == {NOVA}


@pytest.mark.parametrize(
    ("tickers_began_ms", "listings", "joins"), [(0, [], False), (0, ["NOVA"], True), (T - 1, [], True)]
)
def test_without_a_look_of_its_own_since_the_start_a_list_takes_the_word_of_the_run_before(
    tickers_began_ms: int, listings: list[str], joins: bool
) -> None:
    """It is believed of a coin that has a listing, which may have left, and where the other list began later."""
    known = MarketLists({LIST: {"KRW-BTC": 0}, TICKERS: dict.fromkeys(("KRW-BTC", "KRW-NOVA"), tickers_began_ms)})
    found = known.change(LIST, {BTC, NOVA}, 10, listings, None, {}, T)
    assert (found.joined, found.known_elsewhere)[not joins] == {NOVA}


def test_a_coin_that_joins_under_the_name_of_one_that_leaves_is_renamed() -> None:
    found = lists().change(LIST, {BTC, ETH, A, NOVA}, 10, [], None, {A: "이오스", NOVA: "노바"}, T)
    assert found.renamed == (Renamed("EOS", "A", ("KRW",)),)
    assert found.joined == {A, NOVA}


def test_another_name_or_none_or_an_announced_coin_is_a_listing() -> None:
    for known, names in (([], {A: "에이"}), ([], {A: ""}), (["A"], {A: "이오스"})):
        found = lists().change(LIST, {BTC, ETH, A}, 10, known, None, names, T)
        assert found.joined == {A}
        assert not (found.renamed or found.undecided)


def test_a_page_without_names_waits_for_the_list_that_has_them_and_then_goes_on() -> None:
    known = lists()
    assert known.change(TICKERS, {BTC, ETH, A}, 10, [], None, {}, T).undecided
    assert known.change(TICKERS, {BTC, ETH, A}, 10, [], None, {}, T + 29_999).undecided
    assert known.change(TICKERS, {BTC, ETH, A}, 10, [], None, {}, T + 30_000).joined == {A}
    told = lists().change(TICKERS, {BTC, ETH, A}, 10, ["A"], None, {}, T)
    assert told.joined == {A}
    assert not told.undecided


def test_where_no_list_tells_names_nothing_is_waited_for() -> None:
    known = MarketLists({TICKERS: {"KRW-BTC": 0, "KRW-EOS": 0}})
    known.read(TICKERS, T, {})
    assert known.change(TICKERS, {BTC, A}, 10, [], None, {}, T).joined == {A}


def test_a_change_too_large_to_believe_changes_nothing_until_it_is_borne_out() -> None:
    flood = {market_of("upbit", f"KRW-X{n}") for n in range(11)}
    known = lists()
    doubted = known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], None, {}, T)
    assert doubted.doubtful == flood
    assert not doubted.joined
    fewer = set(sorted(flood)[:5])
    assert known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], fewer, {}, T).doubtful == flood
    assert known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], flood, {}, T).joined == flood


def test_a_market_without_a_trade_holds_up_no_others_that_joined_with_it() -> None:
    """After a long outage a dozen joined; one opens only tomorrow, and no ticker page shows it before."""
    joined = {market_of("upbit", f"KRW-X{n}") for n in range(12)}
    traded = joined - {market_of("upbit", "KRW-X7")}
    assert lists().change(LIST, {BTC, ETH, EOS} | joined, 10, [], traded, {}, T).joined == joined
    assert lists().change(LIST, {ETH, EOS} | joined, 10, [], {*traded, BTC}, {}, T).doubtful == {*joined, BTC}
    many = {market_of("upbit", f"KRW-X{n}") for n in range(40)}
    some = set(sorted(many)[:29])
    assert lists().change(LIST, {BTC, ETH, EOS} | many, 10, [], some, {}, T).doubtful == many


def test_an_emptied_list_is_doubtful_whatever_the_second_page_says() -> None:
    for confirmed in ({BTC, ETH, EOS}, set[Market]()):
        assert lists().change(LIST, set(), 10, [], confirmed, {}, T).doubtful == {BTC, ETH, EOS}


def test_items_keep_the_time_since_when_they_are_known() -> None:
    known = lists()
    known.keep(LIST, {"KRW-BTC", "KRW-NOVA"}, T)
    assert known.items(LIST) == {"KRW-BTC": T - 3_600_000, "KRW-NOVA": T}
    assert known.shows("upbit", "KRW-NOVA")
    assert known.shows_coin("upbit", "NOVA")
    assert not known.shows_coin("upbit", "OVA")
