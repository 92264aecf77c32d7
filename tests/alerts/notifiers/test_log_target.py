import logging

import pytest

from alerts.alert import AlertLevel
from alerts.delivery import Message, Sent
from alerts.notifiers.log_target import LogTarget


async def test_without_a_token_the_whole_alert_and_its_edits_stand_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    target = LogTarget()
    first = await target.send(Message("log", "GO · NOVA\nroute\x1b[31m", AlertLevel.HIGH, "#a1b2c3"))
    assert isinstance(first, Sent)
    assert first.message_id
    await target.send(Message("log", "facts", AlertLevel.HIGH, "#a1b2c3", edit_of=first.message_id))
    assert [record.getMessage() for record in caplog.records] == [
        "ALERT #a1b2c3\nGO · NOVA\nroute\ufffd[31m",
        "ALERT EDIT #a1b2c3\nfacts",
    ]
