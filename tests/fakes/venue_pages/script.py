"""What a venue is made to say: the figures it tells of one invented coin, its pages, and the script that plays them.

QRX costs about 2.5 US cents; a USDT costs 1.0 USD here, and a contract holds 10 coins where contracts are counted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tests.fakes.clock import START_MS
from tests.fakes.door import FakeDoor

NOW = START_MS
NEXT_FUNDING = NOW + 3_600_000
CONTRACT = "0x00000000000000000000000000000000005152c8"
SIZE = 10  # coins in a contract, where contracts are counted
Json = Any  # a page of any shape


class Told(Struct, frozen=True):
    """What the venue says of QRX. A test replaces prices by what is no price."""

    last: Json = "0.0251"
    bid: Json = "0.025"
    ask: Json = "0.0252"
    volume: Json = "1250000.5"
    mark: Json = "0.02515"
    funding: Json = "-0.00012"
    bids: Sequence[tuple[Json, str]] = (("0.025", "1000"), ("0.0249", "2000"))
    asks: Sequence[tuple[Json, str]] = (("0.0252", "900"),)

    def with_price(self, price: Json) -> "Told":
        """Every price replaced, those of the books too."""
        level = ((price, "1000"),)
        return Told(price, price, price, self.volume, price, self.funding, level, level)


class Page(Struct, frozen=True):
    """One answer to one question; `params` are those that must fit."""

    service: str
    path: str
    body: Json
    params: Mapping[str, str] = {}
    status: int = 200

    @property
    def of_perpetual(self) -> bool:
        words = f"{self.service} {self.path} {sorted(self.params.values())}"
        signs = ("futures", "/mix/", "/contract/", "SWAP", "linear", "public/mark", "public/funding")
        return any(sign in words for sign in signs)


class Script(Struct, frozen=True):
    """One venue. `listed` answers for QRX; `unknown` answers everything for a coin that is not there.

    `lists` holds the instrument lists. `empty` is every question with an empty list where rows should be; `perp`,
    `fee` and `address` say whether it has a perpetual, and what its page on transfers tells.
    """

    listed: Callable[[Told], list[Page]]
    unknown: list[Page]
    lists: list[Page]
    empty: list[Page]
    perp: bool = True
    transfers: bool = True
    fee: bool = True
    address: bool = True

    def plays(self, door: FakeDoor, told: Told | None = None, **more: Any) -> None:
        """QRX is listed, nothing else; `more` goes to every page of QRX (`after_s`, `status`, …)."""
        self.knows_nothing(door)
        for page in self.listed(told or Told()):
            door.says(page.service, page.path, page.body, when=page.params, **more)

    def knows_nothing(self, door: FakeDoor) -> None:
        for page in self.unknown:
            door.says(page.service, page.path, page.body, status=page.status, when=page.params)

    def denies_the_perpetual(self, door: FakeDoor) -> None:
        """The venue knows no perpetual of QRX, and nothing of its spot market can be had."""
        for page in self.listed(Told()):
            if not page.of_perpetual:
                door.says(page.service, page.path, b"", status=503, when=page.params)
                continue
            denials = [one for one in self.unknown if one.service == page.service]
            perps = [one for one in denials if one.of_perpetual] or denials
            denial = next((one for one in perps if one.path == page.path), perps[-1])
            door.says(page.service, page.path, denial.body, status=denial.status, when=page.params)

    def shows_lists(self, door: FakeDoor) -> None:
        for page in self.lists:
            door.says(page.service, page.path, page.body, when=page.params)

    def questions(self) -> list[tuple[str, str]]:
        """Service and path of everything that is asked about a coin."""
        return list(dict.fromkeys((page.service, page.path) for page in (*self.unknown, *self.listed(Told()))))


def levels(rows: Sequence[tuple[Json, str]]) -> list[list[Json]]:
    return [[price, size] for price, size in rows]


def contracts(rows: Sequence[tuple[Json, str]]) -> list[list[Json]]:
    """The same sizes in contracts."""
    return [[price, float(size) / SIZE] for price, size in rows]


def numeric(value: Json) -> Json:
    """As a JSON number, where it is one."""
    return float(value) if isinstance(value, str) and value else value


def numbers(rows: Sequence[Sequence[Json]]) -> list[list[Json]]:
    return [[numeric(cell) for cell in row] for row in rows]


def every(service: str, paths: Sequence[str], body: Json, status: int = 200) -> list[Page]:
    return [Page(service, path, body, status=status) for path in paths]


def encoded(body: Json) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
