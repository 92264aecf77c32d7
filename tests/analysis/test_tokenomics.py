"""CoinGecko's pages as market caps; which of several coins of one symbol is meant."""

import json
from typing import Any

import pytest

from analysis.fetching.reading import Reply
from analysis.tokenomics import chosen, parse_market_caps

ROW = {
    "id": "quarx", "symbol": "qrx", "name": "Quarx", "current_price": 0.0251, "market_cap": 25_100_000,
    "market_cap_rank": 812, "fully_diluted_valuation": 50_200_000.5, "total_volume": 4_000_000,
    "circulating_supply": 1_000_000_000.0, "total_supply": 2_000_000_000, "max_supply": None,
    "last_updated": "2027-01-15T07:59:30.250Z", "roi": None, "sparkline_in_7d": {"price": [1]},
}  # fmt: skip


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), 1_000, "coingecko /x")


def cap(**changed: Any) -> Any:
    return parse_market_caps(reply([{**ROW, **changed}]))[0]


def test_a_row_becomes_figures_with_their_time() -> None:
    found = cap()
    assert (found.coin_id, found.symbol, found.rank, found.price_usd) == ("quarx", "QRX", 812, 0.0251)
    assert (found.market_cap_usd, found.fdv_usd, found.maximum) == (25_100_000.0, 50_200_000.5, None)
    assert found.updated_ms == 1_799_999_970_250


@pytest.mark.parametrize("nothing", [0, None, "", "0", -1])
def test_a_cap_of_nothing_is_unknown(nothing: Any) -> None:
    found = cap(
        market_cap=nothing, circulating_supply=nothing, market_cap_rank=nothing, fully_diluted_valuation=nothing
    )
    assert (found.market_cap_usd, found.circulating, found.rank, found.fdv_usd) == (None, None, None, None)


@pytest.mark.parametrize("when", [None, "", "yesterday", "2027-01-15T07:59:30"])
def test_a_time_that_is_none_is_unknown(when: Any) -> None:
    assert cap(last_updated=when).updated_ms is None


def test_of_one_symbol_the_best_rank_is_taken_and_marked() -> None:
    small, unranked, large = (
        cap(),
        cap(id="none", market_cap_rank=None, market_cap=9e12),
        cap(id="big", market_cap_rank=3),
    )
    best = chosen([small, unranked, large], by_contract=False)
    assert best is not None
    assert (best.coin_id, best.matched_by) == ("big", "symbol")
    only = chosen([small], by_contract=True)
    assert only is not None and only.matched_by == "contract"
    assert chosen([], by_contract=False) is None
