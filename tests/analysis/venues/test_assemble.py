"""One market from the answers to several calls."""

import pytest

from analysis.quotes import Instrument, NotListed, Silent, Spot
from analysis.venues.assemble import Ticker, spot_part
from tests.fakes.evidence import figure, two_sided

TICKER, BOOK = Ticker(last=figure(1.0), bid=figure(0.999), ask=figure(1.001)), two_sided(0.999, 1.001)


@pytest.mark.parametrize(
    ("live", "pre_market", "market"),
    [(True, False, Spot), (True, True, Spot), (False, False, Silent("halted")), (False, True, NotListed())],
)
def test_what_the_list_does_not_call_live_has_no_price(live: bool, pre_market: bool, market: object) -> None:
    found = spot_part(Instrument("NOVAUSDT", "NOVA", live=live, pre_market=pre_market), TICKER, BOOK).market
    assert isinstance(found, Spot) if market is Spot else found == market
