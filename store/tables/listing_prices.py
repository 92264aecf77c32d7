"""The SQL of `listing_prices`: what a listed coin cost in Korea and abroad, look by look, for good."""

import sqlite3

from analysis.price_row import ListingPrice
from store.rows import Rows

_ADD = (
    "INSERT INTO listing_prices (listing_id, at_ms, krw_mid, ref_usdt, fx, premium_bps, excess_bps)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (listing_id, at_ms) DO NOTHING"
)


def row(listing_id: int, price: ListingPrice) -> Rows:
    """One price as work for the writer; of two looks in the same millisecond the first stands."""
    values = (price.at_ms, price.krw_mid, price.ref_usdt, price.fx, price.premium_bps, price.excess_bps)
    return Rows(_ADD, ((listing_id, *values),))


def load(connection: sqlite3.Connection, listing_id: int) -> list[ListingPrice]:
    """All prices of one listing, oldest first."""
    rows = connection.execute(
        "SELECT at_ms, krw_mid, ref_usdt, fx, premium_bps, excess_bps FROM listing_prices"
        " WHERE listing_id = ? ORDER BY at_ms",
        (listing_id,),
    )
    return [ListingPrice(*row) for row in rows]
