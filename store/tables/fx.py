"""The SQL of `fx_snapshots`: KRW per USD or USDT as we computed it, with the inputs it was computed from."""

import sqlite3
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

Quote = Literal["USD", "USDT"]


class FxInput(Struct, frozen=True):
    """One price behind a rate: who said it, and how old it was when the rate was taken."""

    value: float
    unit: str
    source: str
    age_ms: int | None


class FxSnapshot(Struct, frozen=True):
    """One rate. `source` is the step that gave it (`btc_implied`, `krw_usdt`, …), `inputs` the numbers behind it."""

    taken_ms: int
    krw_per_quote: float
    quote: Quote
    source: str
    inputs: Mapping[str, float | FxInput]


def add(connection: sqlite3.Connection, snapshot: FxSnapshot) -> int:
    """Keep a snapshot and return its id."""
    added = connection.execute(
        "INSERT INTO fx_snapshots (taken_ms, krw_per_quote, quote, source, inputs) VALUES (?, ?, ?, ?, ?)",
        (
            *(snapshot.taken_ms, snapshot.krw_per_quote, snapshot.quote, snapshot.source),
            msgspec.json.encode(snapshot.inputs).decode(),
        ),
    )
    assert added.lastrowid is not None
    return added.lastrowid


def latest(connection: sqlite3.Connection, quote: Quote) -> FxSnapshot | None:
    """The newest rate for `quote`, however old; None if there was never one."""
    row = connection.execute(
        "SELECT taken_ms, krw_per_quote, quote, source, inputs FROM fx_snapshots"
        " WHERE quote = ? ORDER BY taken_ms DESC, id DESC LIMIT 1",
        (quote,),
    ).fetchone()
    if row is None:
        return None
    taken_ms, krw_per_quote, quote, source, inputs = row
    return FxSnapshot(
        taken_ms, krw_per_quote, quote, source, msgspec.json.decode(inputs, type=dict[str, float | FxInput])
    )


def purge(connection: sqlite3.Connection, before_ms: int) -> int:
    """Delete snapshots taken before `before_ms`; return how many."""
    return connection.execute("DELETE FROM fx_snapshots WHERE taken_ms < ?", (before_ms,)).rowcount
