"""Same ticker, same coin?"""

import pytest

from analysis.identity import Tie, identify, same_contract, sane_unit

A = "0xAbCdEf0000000000000000000000000000000001"
B = "0xAbCdEf0000000000000000000000000000000002"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (A, A.lower(), True),
        (A, " " + A + " ", True),
        (A, B, False),
        ("0x2::sui::SUI", "0x0000000000000002::sui::SUI", True),
        ("0x2::sui::SUI", "0x2::sui::sui", False),  # Move names tell cases apart
        ("So11111111111111111111111111111111111111112", "so11111111111111111111111111111111111111112", False),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", True),
    ],
)
def test_addresses_are_compared_as_their_chain_does(one: str, other: str, same: bool) -> None:
    assert same_contract(one, other) is same
    assert same_contract(other, one) is same


@pytest.mark.parametrize(
    ("ours", "theirs", "tie", "wrong"),
    [
        ({"ETH": A}, {"ETH": A.lower()}, Tie.CONTRACT, ()),
        ({"ETH": A}, {"ETH": B}, Tie.DIFFERENT, ("ETH",)),
        ({"ETH": A, "BSC": A}, {"ETH": A, "BSC": B}, Tie.CONTRACT, ("BSC",)),
        ({"ETH": A}, {"BSC": A}, Tie.TICKER, ()),  # another chain proves nothing
        ({"ETH": A}, {"ETH": ""}, Tie.TICKER, ()),
        ({"ETH": " "}, {"ETH": A}, Tie.TICKER, ()),
        ({}, {}, Tie.TICKER, ()),
    ],
)
def test_the_contract_on_a_shared_chain_decides(
    ours: dict[str, str], theirs: dict[str, str], tie: Tie, wrong: tuple[str, ...]
) -> None:
    identity = identify(ours, theirs)
    assert (identity.tie, identity.wrong_networks) == (tie, wrong)


@pytest.mark.parametrize(
    ("price", "sane"), [(1.0, True), (2.99, True), (3.0, False), (0.34, True), (1 / 3, False), (1_000.0, False)]
)
def test_a_price_of_another_unit_is_told_from_a_basis(price: float, sane: bool) -> None:
    assert sane_unit(price, 1.0) is sane
