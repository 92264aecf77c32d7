"""The SQL of `token_registry`: which contract a ticker stands for on which chain. One row a (symbol, chain)."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from store.rows import Rows


class Token(Struct, frozen=True):
    """One coin on one chain; `chain` is empty where none applies. What is None is unknown.

    `told_by`: `coingecko`, a venue's name, `notice` where the Korean exchange itself named the chain, or `listing` for
    a coin of which nothing but its listing is known.
    """

    symbol: str
    chain: str = ""
    contract_address: str | None = None
    decimals: int | None = None
    coingecko_id: str | None = None
    name: str | None = None
    told_by: str = "coingecko"


def save(connection: sqlite3.Connection, token: Token) -> int:
    """Insert or complete a token and return its row's id. What is unknown now does not erase what was known.

    CoinGecko's id belongs to a contract: where a notice names another one, it was another coin's.
    """
    connection.execute(
        "INSERT INTO token_registry (symbol, chain, contract_address, decimals, coingecko_id, name, told_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (symbol, chain) DO UPDATE SET"
        " contract_address = CASE"
        "  WHEN told_by <> 'notice' AND excluded.told_by = 'notice' THEN excluded.contract_address"
        "  WHEN told_by = 'notice' AND excluded.told_by <> 'notice' THEN contract_address"
        "  ELSE COALESCE(excluded.contract_address, contract_address) END,"
        " decimals = COALESCE(excluded.decimals, decimals),"
        " coingecko_id = CASE"
        "  WHEN told_by <> 'notice' AND excluded.told_by = 'notice'"
        "   AND lower(contract_address) IS NOT lower(excluded.contract_address) THEN excluded.coingecko_id"
        "  ELSE COALESCE(excluded.coingecko_id, coingecko_id) END,"
        " name = COALESCE(excluded.name, name),"
        " told_by = CASE WHEN 'notice' IN (told_by, excluded.told_by) THEN 'notice' ELSE excluded.told_by END",
        _values(token),
    )
    row = connection.execute(
        "SELECT id FROM token_registry WHERE symbol = ? AND chain = ?", (token.symbol, token.chain)
    ).fetchone()
    return int(row[0])


def register(connection: sqlite3.Connection, symbol: str) -> None:
    """A ticker that is listed and of which nothing is known gets a row of its own; what is known stands."""
    connection.execute(
        "INSERT INTO token_registry (symbol, chain, told_by) SELECT ?1, '', 'listing'"
        " WHERE NOT EXISTS (SELECT 1 FROM token_registry WHERE symbol = ?1)",
        (symbol,),
    )


def find(connection: sqlite3.Connection, symbol: str, chain: str = "") -> Token | None:
    """The token of exactly this symbol and chain."""
    row = connection.execute(
        "SELECT symbol, chain, contract_address, decimals, coingecko_id, name, told_by"
        " FROM token_registry WHERE symbol = ? AND chain = ?",
        (symbol, chain),
    ).fetchone()
    return None if row is None else Token(*row)


def find_all(connection: sqlite3.Connection, symbol: str) -> list[Token]:
    """Everything that goes by this ticker: several chains, maybe several coins."""
    rows = connection.execute(
        "SELECT symbol, chain, contract_address, decimals, coingecko_id, name, told_by"
        " FROM token_registry WHERE symbol = ? ORDER BY chain",
        (symbol,),
    )
    return [Token(*row) for row in rows]


# A row that a notice named keeps what that said, also where it named no address: a ticker's address on a list may be
# another coin's; nor does it take the id of a coin with another contract. Unchanged rows are not written.
_LISTED = """
INSERT INTO token_registry (symbol, chain, contract_address, decimals, coingecko_id, name, told_by)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (symbol, chain) DO UPDATE SET
    contract_address = CASE told_by WHEN 'notice' THEN contract_address ELSE excluded.contract_address END,
    coingecko_id = excluded.coingecko_id, name = COALESCE(excluded.name, name),
    told_by = CASE told_by WHEN 'notice' THEN told_by ELSE excluded.told_by END
WHERE (told_by <> 'notice' OR lower(contract_address) IS lower(excluded.contract_address))
    AND (coingecko_id, name, contract_address) IS NOT
        (excluded.coingecko_id, excluded.name, excluded.contract_address)
"""


def listed(tokens: Iterable[Token]) -> Rows:
    """Rows of CoinGecko's whole list as work for the writer: what is no longer clear there is unknown again."""
    return Rows(_LISTED, [_values(token) for token in tokens])


_AT_VENUE = """
INSERT INTO token_registry (symbol, chain, contract_address, decimals, coingecko_id, name, told_by)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (symbol, chain) DO UPDATE SET contract_address = excluded.contract_address
WHERE told_by = excluded.told_by AND contract_address IS NOT excluded.contract_address
"""


def listed_at_venue(tokens: Iterable[Token]) -> Rows:
    """Rows of one venue's own list: where someone else told of this coin and chain, that stands."""
    return Rows(_AT_VENUE, [_values(token) for token in tokens])


def read(path: Path, symbol: str) -> list[Token]:
    """`find_all` by a read-only connection, for a thread beside the loop; nothing while the database can't be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return find_all(connection, symbol)
    except sqlite3.Error:
        return []


def _values(token: Token) -> tuple[str | int | None, ...]:
    known = (token.symbol, token.chain, token.contract_address, token.decimals, token.coingecko_id, token.name)
    return (*known, token.told_by)
