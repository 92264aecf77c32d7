"""Whether a text speaks of a coin."""

from collections.abc import Iterable, Sequence

from msgspec import Struct


class Spelling(Struct, frozen=True):
    """The words by which a text speaks of a coin: ticker or name; a `quote` such as USDT, or one letter, as `(USDT)`,
    `USDT/` or `-USDT`.
    """

    symbol: str
    names: tuple[str, ...]
    quote: bool

    def is_in(self, text: str) -> bool:
        """Plain search: a pattern of each coin would have to be compiled while its first alert waits."""
        if any(name in text for name in self.names):
            return True
        symbol, at = self.symbol, text.find(self.symbol)
        while at >= 0:
            before, after = text[at - 1 : at], text[at + len(symbol) : at + len(symbol) + 1]
            starts, ends = not _is_ticker_letter(before), not _is_ticker_letter(after)
            if not self.quote:
                if starts and ends:
                    return True
            elif (before == "(" and after == ")") or (starts and after == "/") or (before == "-" and ends):
                return True
            at = text.find(symbol, at + 1)
        return False


def _is_ticker_letter(char: str) -> bool:
    return char.isascii() and char.isalnum()


def spellings(coins: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Spelling]:
    """By which words a text speaks of each coin, given with the names it goes by."""
    return {
        symbol: Spelling(
            symbol,
            tuple(name for name in names if len(name) > 1),
            symbol in ("BTC", "ETH", "USDT", "USDC") or len(symbol) == 1,
        )
        for symbol, names in coins
    }
