"""Which troubles are still open, by what the alerts remember."""

from pathlib import Path

from alerts.alert import AlertKind, AlertLevel
from store.tables.deliveries import add_alert
from store.tables.operator_alerts import open_troubles, told_since
from tests.fakes.clock import START_MS
from tests.fakes.outbox import an_alert, open_database


def test_a_trouble_is_open_until_an_answer_to_it_is_the_last_word(tmp_path: Path) -> None:
    database = open_database(tmp_path)

    def told(cause: str, reply_to: int | None = None) -> int:
        alert = an_alert(f"operator:{cause}", AlertKind.OPERATOR, reply_to=reply_to)
        return add_alert(database, alert, [], START_MS)

    disk, feed = told("disk"), told("feed:upbit")
    assert [(each.cause, each.alert_id) for each in open_troubles(database)] == [("disk", disk), ("feed:upbit", feed)]
    told("feed:upbit", reply_to=feed)
    assert [each.cause for each in open_troubles(database)] == ["disk"]
    again = told("feed:upbit")
    assert {each.alert_id for each in open_troubles(database)} == {disk, again}


def test_other_news_is_no_trouble_of_the_operator(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    add_alert(database, an_alert("upbit:NOVA:1"), [], START_MS)
    add_alert(database, an_alert("operator:disk", AlertKind.NEWS), [], START_MS)
    assert open_troubles(database) == []


def test_starts_are_remembered_with_whether_they_rang(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    for n, level in enumerate((AlertLevel.HIGH, AlertLevel.INFO, AlertLevel.INFO)):
        alert = an_alert("operator:crashed", AlertKind.OPERATOR, level, created_ms=START_MS + n)
        add_alert(database, alert, [], START_MS)
    assert told_since(database, "crashed", START_MS) == [
        (START_MS, True),
        (START_MS + 1, False),
        (START_MS + 2, False),
    ]
    assert told_since(database, "crashed", START_MS + 2) == [(START_MS + 2, False)]
    assert told_since(database, "started", START_MS) == []
