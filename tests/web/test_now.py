"""Which listing the first screen points at."""

from typing import Any

import msgspec
import pytest

from store.tables.listings import ListingRow
from web.now import trade
from web.readable import BriefView, VerdictView

UNTOLD: dict[str, Any] = dict.fromkeys(
    (
        *("published_ms", "trading_starts_ms", "deposit_opens_ms", "first_trade_ms", "gone_ms", "notice_ref", "url"),
        *("title", "alerted_ms", "requested_ms", "delivered_ms", "decided_ms", "mode", "verdict", "level", "net_bps"),
    )
)
ROW = ListingRow(1, "upbit", "NOVA", 1, "trading", 0, "upbit:notices", **UNTOLD)
VERDICT = VerdictView(1, 0, "open", "GO", 40, None, None, None, None, (), ())


def brief(listing_id: int, verdict: str | None, state: str = "trading") -> BriefView:
    judged = None if verdict is None else msgspec.structs.replace(VERDICT, verdict=verdict)
    return BriefView(msgspec.structs.replace(ROW, id=listing_id, state=state), judged)


@pytest.mark.parametrize(
    ("listings", "found"),
    [
        ([], None),
        ([brief(2, "GO", "settled"), brief(1, "GO", "cancelled")], None),
        ([brief(2, None, "announced")], 2),
        ([brief(3, "NO_GO"), brief(2, "READY", "announced"), brief(1, "GO", "settled")], 2),
        ([brief(3, "READY"), brief(2, "GO"), brief(1, "GO")], 2),
        ([brief(3, "NOT_READY"), brief(2, "NO_GO"), brief(1, "UNKNOWN")], 1),
        ([brief(3, "INFO"), brief(2, None), brief(1, "NO_GO")], 1),
        ([brief(3, "INFO")], 3),
    ],
)
def test_the_best_verdict_of_what_is_under_way_comes_first_then_the_newest(
    listings: list[BriefView], found: int | None
) -> None:
    assert trade(listings) == found
