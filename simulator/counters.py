"""What `/sim/state` tells of each service: open connections, frames sent, requests, how often a limit was hit."""

from dataclasses import dataclass

SERVICES = (
    "upbit",
    "upbit-site",
    "bithumb",
    "binance",
    "binance-futures",
    "okx",
    "bybit",
    "gate",
    "kucoin",
    "kucoin-futures",
    "bitget",
    "mexc",
    "htx",
    "htx-futures",
    "coinbase",
    "kraken",
    "kraken-futures",
    "coingecko",
    "fx",
    "telegram",
    "webhook",
)


@dataclass
class ServiceCount:
    """Connections are the sockets open now; the rest only grows. The server counts the first and third by itself."""

    connections: int = 0
    frames_sent: int = 0
    requests: int = 0
    limit_hits: int = 0


class Counters:
    """One ServiceCount a service. A service itself adds `frames_sent` (socket frames) and `limit_hits`."""

    def __init__(self) -> None:
        self._counts = {name: ServiceCount() for name in SERVICES}

    def of(self, service: str) -> ServiceCount:
        return self._counts[service]

    def snapshot(self) -> dict[str, dict[str, int]]:
        return {name: dict(vars(count)) for name, count in self._counts.items()}
