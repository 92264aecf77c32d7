"""The recorder with a real writer on a real file, and a clock that stands still until moved."""

from pathlib import Path

from collectors.events import Market, Trade
from collectors.recording.recorder import Recorder
from config.settings import Recording, Writing
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, rows, trade

GAPS = "SELECT code, from_ms, to_ms, cause FROM gaps LEFT JOIN markets ON markets.id = market_id ORDER BY gaps.id"
SECONDS = "SELECT code, open_ms, close, trades FROM v_candles_1s ORDER BY open_ms, code"


class Bench:
    """One run of the recording side on a database file."""

    def __init__(self, folder: Path, clock: FakeClock, inbox: int = 10_000) -> None:
        self.path = folder / "radar.db"
        self.clock = clock
        self.writer = DatabaseWriter.open(blank(self.path), clock, Writing(batch_ms=1, inbox=inbox))
        self.recorder = Recorder(self.writer, clock, Recording(), ["upbit", "bithumb"])

    async def begin(self, *markets: Market) -> None:
        await self.recorder.start()
        await self.recorder.expect(markets)

    def go_live(self, *markets: Market) -> None:
        self.recorder.live(markets, self.clock.now_ms())

    def now(self) -> int:
        """Milliseconds since START_MS."""
        return self.clock.now_ms() - START_MS

    def hear(self, price: float = 100.0, market: Market = BTC, age_ms: int = 50) -> Trade:
        at_ms = self.now()
        heard = trade(at_ms - age_ms, price, market=market, received_ms=at_ms)
        self.recorder.trade(heard)
        return heard

    async def stored(self) -> None:
        """Wait until what was handed over is on disk."""
        self.recorder.flush()
        await self.writer.run(lambda connection: None)

    def gaps(self) -> list[tuple[object, object, object, object]]:
        """(code, from, to, cause), times since START_MS."""

        def since(at_ms: object) -> object:
            return at_ms - START_MS if isinstance(at_ms, int) else None

        return [(code, since(begin), since(end), cause) for code, begin, end, cause in rows(self.path, GAPS)]

    def seconds(self) -> list[tuple[object, ...]]:
        """(code, second, close, trades), seconds since START_MS."""
        found = rows(self.path, SECONDS)
        return [(code, (int(str(at_ms)) - START_MS) // 1000, close, n) for code, at_ms, close, n in found]


async def next_run(folder: Path, clock: FakeClock, *markets: Market) -> Bench:
    """Another run on what an earlier one left, that heard these markets and is over."""
    bench = Bench(folder, clock)
    with bench.writer:
        await bench.begin(*markets)
        bench.go_live(*markets)
        await bench.stored()
    return bench
