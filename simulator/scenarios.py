"""What is staged from the start, by the name that `--scenario` takes. Seconds count from the start."""

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
            announce_in_s=6.0,
            deposits_in_s=18.0,
            trading_in_s=34.0,
            premium_pct=38.0,
            networks=["SOL"],
            venues={
                "binance": VenueOrder(price=1.27),
                "okx": VenueOrder(price=1.2706),
                "bybit": VenueOrder(price=1.2694),
            },
        ),
    ),
}
