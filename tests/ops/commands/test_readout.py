"""What `status` shows a person of health.json."""

from pathlib import Path

import msgspec
import pytest

from ops.commands import cli, readout
from ops.watching.health import Status, report
from ops.watching.readings import AuditReading, WriterReading
from tests.ops.watching.test_health import LIMITS, NOW, readings


def test_status_shows_the_audit_and_the_storage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit = AuditReading(compared=12_345, equal=12_340, repaired=5, unexplained=0)
    writer = WriterReading(7, 0, 0, NOW, 1.0, 4_200_000)
    told = report(readings(audit=audit, writer=writer, disk_days_left=412.4), LIMITS)
    (tmp_path / "health.json").write_bytes(msgspec.json.encode(told))
    assert readout.show_status(cli.parse(["status", "--data", str(tmp_path)]), NOW) is Status.GREEN
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:-1] == [
        "audit: 12,345 seconds and minutes held against the exchanges' own candles:"
        " 12,340 equal, 5 repaired, 0 unexplained",
        "storage: 7 rows wait, WAL 4.2 MB; the disk is full in 412 days",
    ]
