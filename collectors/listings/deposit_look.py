"""What pages of wallets bring: hints of listings to come, and deposits that open for coins on their way. Pure.

A coin new to a page of wallets is a hint, never a listing by itself. What else brings one there: a token swap, an
airdrop, a coin that is only held for its owners, a network added under another name. So it makes no row; it is told
once, as a hint, and counts as the first sight when another channel shows the listing.

The opening of deposits is told of coins that are being listed; also when it fell into a time when nobody looked, if
they were seen closed before.
"""

from collections.abc import Sequence, Set

from alerts import listing_alerts
from collectors.events import Channel, Exchange, Listing, ListingState, Sighting, SightingKind, exchange_of
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.listing_batch import Batch

WAITING = (ListingState.ANNOUNCED, ListingState.POSTPONED)


def hint(batch: Batch, channel: Channel, coins: Set[str], mass: int) -> int:
    """Tell of the coins that the page shows for the first time; how many there were where none of them is news.

    None is where nobody has read the page before, or where more than `mass` come at once.
    """
    lists, exchange = batch.memory.lists, exchange_of(channel)
    known = frozenset(lists.items(channel))
    new = coins - known
    if new or not lists.begun(channel):
        batch.lists[channel] = known | coins  # never taken away: a row that flickers is no new coin
    if not lists.begun(channel) or len(new) > mass:
        return len(new)
    for base in sorted(new):
        if batch.memory.listing(exchange, base) is not None:
            batch.apply(Sighting(exchange, base, (), channel, SightingKind.IN_ASSETS, batch.seen_ms))
        elif not lists.shows_coin(exchange, base):
            batch.tell(listing_alerts.of_new_wallet(exchange, base, batch.language, batch.seen_ms))
    return 0


class DepositLooks:
    """Whose deposits this run has seen open or closed. `blind_since_ms` is when an earlier run last looked.

    What one run saw closed is stored, for the next to know that it opened: both looks answer which coins to keep so.
    """

    def __init__(self) -> None:
        self.blind_since_ms: int | None = None
        self._open: dict[str, bool | None] | None = None  # on the last page; None: nothing has told it yet
        self._seen_closed: set[str] = set()  # one by one, by the key of the listing

    def page(self, batch: Batch, channel: Channel, wallets: Sequence[Wallet]) -> list[str]:
        """A page with the wallets of all coins; of one that it is silent about, what stood before stands."""
        exchange = exchange_of(channel)
        before, shown = self._open, _open(wallets)
        self._open = {base: are_open if are_open is not None else (before or {}).get(base) for base, are_open in shown}
        if before is None:
            batch.blind_since_ms = self.blind_since_ms
        closed = []
        for base, are_open in shown:
            listing = _waiting(batch, exchange, base)
            if listing is None:
                continue
            were_open = None if before is None else before.get(base, False)
            was_closed = listing.deposit_closed_ms is not None if were_open is None else not were_open
            if are_open is False:
                closed.append(base)
            elif are_open and was_closed:
                batch.apply(Sighting(exchange, base, (), channel, SightingKind.DEPOSITS_OPEN, batch.seen_ms))
        return closed

    def coin(self, batch: Batch, exchange: Exchange, base: str, are_open: bool) -> list[str]:
        """One coin, where no page shows those of all."""
        listing = _waiting(batch, exchange, base)
        if listing is None:
            return []
        if not are_open:
            self._seen_closed.add(listing.key)
            return [base]
        if listing.deposit_closed_ms is not None:
            batch.blind_since_ms = None if listing.key in self._seen_closed else self.blind_since_ms
            channel, kind = Channel(f"{exchange}:market_list"), SightingKind.DEPOSITS_OPEN
            batch.apply(Sighting(exchange, base, (), channel, kind, batch.seen_ms))
            self._seen_closed.discard(listing.key)
        return []


def _open(wallets: Sequence[Wallet]) -> list[tuple[str, bool | None]]:
    """Each coin, and whether any of its networks takes deposits; None where only a silent one may."""
    told: dict[str, set[bool | None]] = {}
    for wallet in wallets:
        told.setdefault(wallet.base, set()).add(wallet.deposit_open)
    return [(base, True if True in told[base] else None if None in told[base] else False) for base in sorted(told)]


def _waiting(batch: Batch, exchange: Exchange, base: str) -> Listing | None:
    """The coin's listing, if it waits for its deposits."""
    known = batch.memory.listing(exchange, base)
    return known if known is not None and known.state in WAITING else None
