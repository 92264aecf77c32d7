"""What one list shows is weighed against what the exchange's other list shows."""

from collectors.events import Channel, Market, market_of
from collectors.market_lists import MarketLists, Renamed

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
        known.read(channel, read_ms)
    return known


def test_a_market_that_joins_one_list_has_joined_the_exchange() -> None:
    found = lists().change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None)
    assert found.joined == {NOVA}
    assert not (found.left or found.renamed)


def test_a_market_that_one_list_lost_while_the_other_shows_it_has_not_left() -> None:
    assert lists().change(LIST, {BTC, ETH}, 10, [], None).left == frozenset()


def test_a_market_gone_from_both_has_left_and_so_has_one_whose_other_list_is_blind() -> None:
    both = lists(tickers={BTC, ETH})
    assert both.change(LIST, {BTC, ETH}, 10, [], None).left == {EOS}
    blind = lists()
    blind.read(LIST, T + 120_000)
    assert blind.change(LIST, {BTC, ETH}, 10, [], None).left == {EOS}


def test_a_row_that_this_list_lacked_all_along_is_not_new() -> None:
    known = lists(tickers={BTC, ETH, EOS, NOVA})
    found = known.change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None)
    assert found.known_elsewhere == {NOVA}
    assert not found.joined


def test_a_row_that_another_list_showed_just_before_is_new_all_the_same() -> None:
    known = lists()
    known.keep(TICKERS, {"KRW-BTC", "KRW-ETH", "KRW-EOS", "KRW-NOVA"}, T - 500)
    assert known.change(LIST, {BTC, ETH, EOS, NOVA}, 10, [], None).joined == {NOVA}


def test_without_a_look_of_its_own_since_the_start_a_list_is_believed() -> None:
    known = MarketLists({LIST: {"KRW-BTC": 0}, TICKERS: {"KRW-BTC": 0, "KRW-NOVA": 0}})
    assert known.change(LIST, {BTC, NOVA}, 10, [], None).joined == {NOVA}


def test_one_coin_replaced_by_another_in_the_same_look_is_renamed() -> None:
    found = lists().change(LIST, {BTC, ETH, A}, 10, [], None)
    assert found.renamed == (Renamed("EOS", "A", ("KRW",)),)


def test_a_coin_that_was_announced_is_no_new_name_for_one_that_leaves() -> None:
    found = lists().change(LIST, {BTC, ETH, A}, 10, ["A"], None)
    assert found.renamed == ()
    assert found.joined == {A}


def test_other_quotes_or_two_coins_are_no_rename() -> None:
    in_btc = market_of("upbit", "BTC-A")
    assert lists().change(LIST, {BTC, ETH, in_btc}, 10, [], None).renamed == ()
    assert lists().change(LIST, {BTC, ETH, A, NOVA}, 10, [], None).renamed == ()


def test_a_change_too_large_to_believe_changes_nothing_until_it_is_borne_out() -> None:
    flood = {market_of("upbit", f"KRW-X{n}") for n in range(11)}
    known = lists()
    doubted = known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], None)
    assert doubted.doubtful == flood
    assert not doubted.joined
    assert known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], flood - {next(iter(flood))}).doubtful == flood
    assert known.change(LIST, {BTC, ETH, EOS} | flood, 10, [], flood).joined == flood


def test_an_emptied_list_is_doubtful_whatever_the_second_page_says() -> None:
    for confirmed in ({BTC, ETH, EOS}, set[Market]()):
        assert lists().change(LIST, set(), 10, [], confirmed).doubtful == {BTC, ETH, EOS}


def test_items_keep_the_time_since_when_they_are_known() -> None:
    known = lists()
    known.keep(LIST, {"KRW-BTC", "KRW-NOVA"}, T)
    assert known.items(LIST) == {"KRW-BTC": T - 3_600_000, "KRW-NOVA": T}
    assert known.shows("upbit", "KRW-NOVA")
    assert known.shows_coin("upbit", "NOVA")
    assert not known.shows_coin("upbit", "OVA")
