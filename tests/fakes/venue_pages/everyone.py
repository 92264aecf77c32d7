"""The same invented coin at every foreign venue, in each one's own words: what a test expects is one table for all.

Fields and error bodies as documented (see each `analysis/venues/*_wire.py`); all values are made up.
"""

from tests.fakes.venue_pages.binance import BINANCE
from tests.fakes.venue_pages.bitget import BITGET
from tests.fakes.venue_pages.bybit import BYBIT
from tests.fakes.venue_pages.coinbase import COINBASE
from tests.fakes.venue_pages.gate import GATE
from tests.fakes.venue_pages.htx import HTX
from tests.fakes.venue_pages.kraken import KRAKEN
from tests.fakes.venue_pages.kucoin import KUCOIN
from tests.fakes.venue_pages.mexc import MEXC
from tests.fakes.venue_pages.okx import OKX
from tests.fakes.venue_pages.script import Script

SCRIPTS: dict[str, Script] = {
    "binance": BINANCE,
    "okx": OKX,
    "bybit": BYBIT,
    "gate": GATE,
    "bitget": BITGET,
    "htx": HTX,
    "coinbase": COINBASE,
    "kucoin": KUCOIN,
    "mexc": MEXC,
    "kraken": KRAKEN,
}
