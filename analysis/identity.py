"""Same ticker, same coin? The contract address decides; without one on both sides the match is weak, and says so. Pure.

A ticker proves little: two coins share one, a venue may list an old token after a swap, and a symbol may trade a
thousand coins at once (`coin_and_multiplier` in `reading.py` undoes that; `sane_unit` catches what slipped through).
"""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

UNIT_FACTOR = 3.0  # a price this many times another is of another unit or another coin, not a basis


class Tie(Enum):
    """What ties a venue's coin to the Korean one, strongest first."""

    CONTRACT = "contract"
    TICKER = "ticker"  # the same ticker, and nothing speaks against it: weak
    DIFFERENT = "different"  # the same chain names another contract: another coin


class Identity(Struct, frozen=True):
    """One venue's coin against ours. `wrong_networks` are those on which the venue names another contract."""

    tie: Tie
    networks: tuple[str, ...] = ()
    wrong_networks: tuple[str, ...] = ()


def same_contract(one: str, other: str) -> bool:
    """Whether two addresses are one; hexadecimal ones (EVM and Move chains) in any case, others to the letter."""
    one, other = one.strip(), other.strip()
    if one[:2].lower() == "0x" and other[:2].lower() == "0x":
        return _hexadecimal(one) == _hexadecimal(other)
    return one == other


def _hexadecimal(address: str) -> str:
    """Lower case, leading zeros dropped from the account part: Sui and Aptos spell 0x2 and 0x00…02 alike."""
    account, colons, module = address[2:].partition("::")
    return f"{account.lower().lstrip('0')}{colons}{module}"


def identify(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Identity:
    """Compare contract addresses by canonical network; empty text counts as not told.

    One matching chain ties the coins; a chain that names another contract is set apart, and alone makes them different.
    """
    shared = sorted(network for network in ours if ours[network].strip() and theirs.get(network, "").strip())
    equal = tuple(network for network in shared if same_contract(ours[network], theirs[network]))
    wrong = tuple(network for network in shared if network not in equal)
    if equal:
        return Identity(Tie.CONTRACT, equal, wrong)
    return Identity(Tie.DIFFERENT if wrong else Tie.TICKER, (), wrong)


def sane_unit(price: float, reference: float) -> bool:
    """Whether two prices may be of the same coin in the same unit: neither a thousandfold nor another coin's."""
    return reference / UNIT_FACTOR < price < reference * UNIT_FACTOR
