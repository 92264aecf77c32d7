"""What is staged from the start, by the name that `--scenario` takes. Seconds count from the start."""

from collections.abc import Sequence

from simulator.orders import ListingOrder, VenueOrder

SCENARIOS: dict[str, tuple[ListingOrder, ...]] = {
    "quiet": (),
    "listing": (
        ListingOrder(
            exchange="upbit",
            base="LUMEN",
            name="루멘",
            announce_in_s=20.0,
            deposits_in_s=60.0,
            trading_in_s=120.0,
            premium_pct=45.0,
            networks=["SOL"],
            venues={
                "binance": VenueOrder(price=0.84),
                "okx": VenueOrder(price=0.8406),
                "bybit": VenueOrder(price=0.8397),
            },
        ),
    ),
    "demo": (
        ListingOrder(
            exchange="upbit",
            base="HALLA",
            name="한라",
            announce_in_s=12.0,
            deposits_in_s=26.0,
            trading_in_s=44.0,
            premium_pct=38.0,
            networks=["SOL"],
            venues={
                "binance": VenueOrder(price=1.27),
                "okx": VenueOrder(price=1.2706),
                "bybit": VenueOrder(price=1.2694),
                "gate": VenueOrder(price=1.2709),
                "bitget": VenueOrder(price=1.2701),
                "htx": VenueOrder(price=1.2712, withdrawal=False),
            },
        ),
    ),
}


def start_ms(orders: Sequence[ListingOrder], now_ms: int) -> int:
    """The latest whole second until `now_ms` from which the first listing opens on a whole minute.

    Notices tell minutes: a listing that opened in between would open earlier than it was announced.
    """
    now_s = now_ms // 1000
    if not orders:
        return now_s * 1000
    opens_s = now_s + round(orders[0].trading_in_s)
    return (now_s - opens_s % 60) * 1000
