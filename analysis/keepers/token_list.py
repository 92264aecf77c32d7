"""Which contract a ticker stands for: CoinGecko's list and notices as rows of the registry, and back as facts. Pure.

A ticker is not a coin. Where CoinGecko knows several coins of one ticker, none of its contracts is taken for ours: a
guess that looks like a match would be worse than a match that says it is weak. What a notice names stands above it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from analysis.fetching.reading import NoAnswer, Reply, decoded, require_200
from analysis.identity import same_contract
from analysis.quotes import NetworkState
from analysis.routes import canonical
from analysis.tokenomics import KnownCoin
from config.settings import Network
from store.tables.token_registry import Token

COINGECKO, NOTICE = "coingecko", "notice"


ReadCoin = Callable[[msgspec.Raw], tuple[str, tuple[NetworkState, ...]]]


class CoinNames(Struct, frozen=True):
    """Networks that the notice names, and contracts by network, both under the exchange's own name for it."""

    networks: tuple[str, ...] = ()
    contracts: Mapping[str, str] = {}


class _Coin(Struct):
    id: str
    symbol: str
    name: str = ""
    platforms: dict[str, str | None] = {}


def parse_raw_coins(reply: Reply) -> list[msgspec.Raw]:
    """`/coins/list?include_platform=true`, several MB, cut into coins but not yet read; raise NoAnswer if empty."""
    rows = decoded(require_200(reply), list[msgspec.Raw])
    if not rows:
        raise NoAnswer("an empty list of coins")
    return rows


def read_coins(rows: Iterable[msgspec.Raw]) -> Iterator[KnownCoin]:
    """The coins of some rows; a row that can't be read is left out."""
    for row in rows:
        try:
            coin = msgspec.json.decode(row, type=_Coin)
        except msgspec.DecodeError:
            continue
        platforms = {name: address for name, address in coin.platforms.items() if name and address}
        if coin.symbol:
            yield KnownCoin(coin.id, coin.symbol.upper(), coin.name, platforms)


def tokens_of(coins: Sequence[KnownCoin], networks: Mapping[str, Network]) -> list[Token]:
    """The rows of all coins that bear one ticker, by chain; a chain on which several do has a row that names none."""
    by_chain: dict[str, list[Token]] = {}
    for coin in coins:
        for platform, address in coin.platforms.items() or [("", None)]:
            chain = canonical(networks, COINGECKO, platform) or platform if platform else ""
            by_chain.setdefault(chain, []).append(
                Token(coin.symbol, chain, address, coingecko_id=coin.coin_id, name=coin.name)
            )
    return [found[0] if len(found) == 1 else Token(found[0].symbol, chain) for chain, found in by_chain.items()]


def tokens_at_venue(
    venue: str, rows: Iterable[msgspec.Raw], read: ReadCoin, networks: Mapping[str, Network]
) -> Iterator[Token]:
    """Chains and addresses that a venue names; a row that can't be read, or names no address, is left out."""
    for row in rows:
        try:
            symbol, states = read(row)
        except msgspec.DecodeError:
            continue
        for state in states:
            chain = canonical(networks, venue, state.network)
            if state.contract and chain is not None and symbol:
                yield Token(symbol.upper(), chain, state.contract, told_by=venue)


def tokens_in_notice(
    exchange: str,
    symbols: Sequence[str],
    spelled: Sequence[str],
    contracts: Sequence[str],
    networks: Mapping[str, Network],
) -> list[Token]:
    """What a notice of one coin names. An address belongs to a chain only where there is one of each."""
    if len(symbols) != 1:
        return []
    address = contracts[0] if len(contracts) == len(spelled) == 1 else None
    return [
        Token(symbols[0], canonical(networks, exchange, name) or name.strip(), address, told_by=NOTICE)
        for name in spelled
    ]


def names_of(exchange: str, tokens: Iterable[Token], networks: Mapping[str, Network]) -> CoinNames:
    """What the exchange itself named of a coin: its networks and contracts.

    CoinGecko's addresses are not among them: they belong to a ticker, and the next coin of that ticker may be ours.
    """
    told = [token for token in tokens if token.told_by == NOTICE]
    return CoinNames(
        networks=tuple(_spelling(exchange, token.chain, networks) for token in told),
        contracts={
            _spelling(exchange, token.chain, networks): token.contract_address
            for token in told
            if token.contract_address and token.chain
        },
    )


def ids_of(tokens: Iterable[Token], contracts: Collection[str]) -> tuple[str, ...]:
    """The ids of those tokens whose contract is one of `contracts`, each once."""
    found = (
        token.coingecko_id
        for token in tokens
        if token.coingecko_id
        and token.contract_address
        and any(same_contract(token.contract_address, contract) for contract in contracts)
    )
    return tuple(dict.fromkeys(found))


def _spelling(exchange: str, chain: str, networks: Mapping[str, Network]) -> str:
    """The exchange's own name of a chain; a chain that networks.yaml does not list keeps its name."""
    names = networks[chain].names if chain in networks else {}
    return next(iter((*names.get(exchange, ()), *names.get("any", ()))), chain)
