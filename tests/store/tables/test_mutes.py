"""What a mute silences, what it never does, and when it ends."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.alert import Alert, AlertKind, AlertLevel
from collectors.events import Channel, Listing, ListingState
from store.tables import mutes
from store.tables.deliveries import add_alert, claim, edit_alert
from store.tables.listings import save
from tests.fakes.clock import START_MS
from tests.fakes.outbox import CHAT, GROUP, a_first_sight, an_alert, open_database

WEBHOOK = "webhook"
TARGETS = (CHAT, GROUP, WEBHOOK)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def a_listing(connection: sqlite3.Connection, base: str = "NOVA", episode: int = 1) -> Listing:
    return save(
        connection,
        Listing("upbit", base, episode, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES),
    )


def tell(connection: sqlite3.Connection, listing: Listing, alert: Alert) -> int:
    known = msgspec.structs.replace(alert, key=listing.key, listing_id=listing.listing_id)
    return add_alert(connection, known, TARGETS, START_MS)


def states(connection: sqlite3.Connection, alert_id: int) -> dict[str, tuple[str, str | None]]:
    rows = connection.execute("SELECT target, state, error FROM deliveries WHERE alert_id = ?", (alert_id,))
    return {target: (state, error) for target, state, error in rows}


MUTED = ("expired", "muted")
WAITS = ("pending", None)


def test_replies_of_any_level_are_kept_but_do_not_ring_in_the_chat_that_muted_the_coin(
    connection: sqlite3.Connection,
) -> None:
    listing = a_listing(connection)
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    told = tell(connection, listing, an_alert(level=AlertLevel.CRITICAL))
    assert states(connection, told) == {CHAT: MUTED, GROUP: WAITS, WEBHOOK: WAITS}


def test_the_second_channel_does_not_take_over_what_every_chat_has_muted(connection: sqlite3.Connection) -> None:
    listing = a_listing(connection)
    for chat in (CHAT, GROUP):
        mutes.add(connection, chat, [("upbit", "NOVA")], START_MS)
    told = tell(connection, listing, an_alert(level=AlertLevel.CRITICAL))
    assert states(connection, told) == dict.fromkeys(TARGETS, MUTED)


def test_other_coins_and_the_other_exchange_still_ring(connection: sqlite3.Connection) -> None:
    mutes.add(connection, CHAT, [("upbit", "NOVA"), ("bithumb", "ORBIT")], START_MS)
    told = tell(connection, a_listing(connection, "ORBIT"), an_alert())
    assert states(connection, told)[CHAT] == WAITS
    assert states(connection, add_alert(connection, an_alert("operator:disk"), TARGETS, START_MS))[CHAT] == WAITS


def test_what_already_waits_is_silenced_too_but_never_a_first_sight(connection: sqlite3.Connection) -> None:
    listing = a_listing(connection)
    first = tell(connection, listing, a_first_sight())
    reply = tell(connection, listing, an_alert(kind=AlertKind.FOLLOW_UP))
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    assert states(connection, first)[CHAT] == WAITS
    assert states(connection, reply)[CHAT] == MUTED
    assert states(connection, reply)[GROUP] == WAITS


def test_a_listing_never_seen_before_rings_and_ends_the_mute(connection: sqlite3.Connection) -> None:
    tell(connection, a_listing(connection), a_first_sight())
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    again = a_listing(connection, episode=2)
    first = tell(connection, again, a_first_sight())
    assert states(connection, first)[CHAT] == WAITS
    assert states(connection, tell(connection, again, an_alert()))[CHAT] == WAITS
    assert mutes.of_target(connection, CHAT) == []


def test_the_same_first_sight_told_twice_does_not_end_a_mute(connection: sqlite3.Connection) -> None:
    listing = a_listing(connection)
    first = tell(connection, listing, a_first_sight())
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    assert tell(connection, listing, a_first_sight()) == first
    assert [each.base for each in mutes.of_target(connection, CHAT)] == ["NOVA"]


def test_the_message_goes_on_being_edited_and_shows_that_it_is_muted(connection: sqlite3.Connection) -> None:
    first = tell(connection, a_listing(connection), a_first_sight())
    connection.execute("UPDATE deliveries SET state = 'sent', message_id = '7' WHERE target <> ?", (WEBHOOK,))
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    assert edit_alert(connection, first, "READY", START_MS) == 2
    assert {each.target: each.muted for each in claim(connection, START_MS).due} == {CHAT: True, GROUP: False}


def test_a_message_is_drawn_anew_for_its_buttons_alone(connection: sqlite3.Connection) -> None:
    first = tell(connection, a_listing(connection), a_first_sight(text="first"))
    connection.execute("UPDATE deliveries SET state = 'sent', message_id = '7' WHERE target <> ?", (WEBHOOK,))
    assert edit_alert(connection, first, "first", START_MS) == 0
    assert edit_alert(connection, first, None, START_MS, [CHAT]) == 1
    assert [(each.target, each.op, each.text) for each in claim(connection, START_MS).due] == [(CHAT, "edit", "first")]


def test_an_unmute_tells_what_was_muted(connection: sqlite3.Connection) -> None:
    mutes.add(connection, CHAT, [("upbit", "NOVA"), ("bithumb", "NOVA")], START_MS)
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS + 1)
    assert mutes.end(connection, GROUP, "NOVA") == []
    assert mutes.end(connection, CHAT, "NOVA", "upbit") == [("upbit", "NOVA")]
    assert mutes.end(connection, CHAT, "NOVA") == [("bithumb", "NOVA")]
    assert mutes.of_target(connection, CHAT) == []


def test_what_the_file_mutes_is_muted_everywhere_and_outlives_a_new_episode(connection: sqlite3.Connection) -> None:
    mutes.from_file(connection, TARGETS, ["nova", "STAR"])
    again = a_listing(connection, episode=2)
    sight = tell(connection, again, a_first_sight())
    assert {state for state, _ in states(connection, sight).values()} == {"pending"}
    told = tell(connection, again, an_alert(level=AlertLevel.CRITICAL))
    assert states(connection, told) == {CHAT: MUTED, GROUP: MUTED, WEBHOOK: MUTED}
    mutes.end(connection, CHAT, "NOVA")
    assert states(connection, tell(connection, again, an_alert(level=AlertLevel.CRITICAL)))[CHAT] == WAITS


def test_what_the_file_no_longer_mutes_rings_again_and_a_chats_own_mute_stays(connection: sqlite3.Connection) -> None:
    listing = a_listing(connection)
    mutes.add(connection, CHAT, [("upbit", "NOVA")], START_MS)
    mutes.from_file(connection, TARGETS, ["NOVA"])
    mutes.from_file(connection, TARGETS, [])
    told = tell(connection, listing, an_alert(level=AlertLevel.CRITICAL))
    assert states(connection, told) == {CHAT: MUTED, GROUP: WAITS, WEBHOOK: WAITS}
