"""What a venue trades stays the same object as long as it says the same."""

from analysis.quotes import Instrument, Silent
from analysis.venues.shelf import Shelf


def test_a_new_list_replaces_only_what_has_changed() -> None:
    shelf = Shelf()
    same, other = Instrument("AAAUSDT", "AAA"), Instrument("BBBUSDT", "BBB")
    shelf.take({"AAA": same, "BBB": other, "CCC": Instrument("CCCUSDT", "CCC")}, 0.0)
    halted = Instrument("BBBUSDT", "BBB", live=False)
    shelf.take({"AAA": Instrument("AAAUSDT", "AAA"), "BBB": halted}, 60.0)
    assert shelf.known("AAA") is same
    assert shelf.known("BBB") is halted
    assert shelf.known("CCC") is None
    shelf.take(Silent("HTTP 500, server error"), 120.0)
    assert shelf.known("AAA") is same
