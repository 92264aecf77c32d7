"""The SQL of `token_registry`: which contract a ticker stands for on which chain. One row a (symbol, chain)."""

import sqlite3

from msgspec import Struct


class Token(Struct, frozen=True):
    """One coin on one chain; `chain` is empty where none applies. What is None is unknown."""

    symbol: str
    chain: str = ""
    contract_address: str | None = None
    decimals: int | None = None
    coingecko_id: str | None = None
    name: str | None = None


def save(connection: sqlite3.Connection, token: Token) -> int:
    """Insert or complete a token and return its row's id. What is unknown now does not erase what was known."""
    connection.execute(
        "INSERT INTO token_registry (symbol, chain, contract_address, decimals, coingecko_id, name)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (symbol, chain) DO UPDATE SET"
        " contract_address = COALESCE(excluded.contract_address, contract_address),"
        " decimals = COALESCE(excluded.decimals, decimals),"
        " coingecko_id = COALESCE(excluded.coingecko_id, coingecko_id), name = COALESCE(excluded.name, name)",
        (token.symbol, token.chain, token.contract_address, token.decimals, token.coingecko_id, token.name),
    )
    row = connection.execute(
        "SELECT id FROM token_registry WHERE symbol = ? AND chain = ?", (token.symbol, token.chain)
    ).fetchone()
    return int(row[0])


def find(connection: sqlite3.Connection, symbol: str, chain: str = "") -> Token | None:
    """The token of exactly this symbol and chain."""
    row = connection.execute(
        "SELECT symbol, chain, contract_address, decimals, coingecko_id, name FROM token_registry"
        " WHERE symbol = ? AND chain = ?",
        (symbol, chain),
    ).fetchone()
    return None if row is None else Token(*row)


def find_all(connection: sqlite3.Connection, symbol: str) -> list[Token]:
    """Everything that goes by this ticker: several chains, maybe several coins."""
    rows = connection.execute(
        "SELECT symbol, chain, contract_address, decimals, coingecko_id, name FROM token_registry"
        " WHERE symbol = ? ORDER BY chain",
        (symbol,),
    )
    return [Token(*row) for row in rows]
