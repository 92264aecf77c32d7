"""The unit file: what systemd itself says of it, and the lines that the rest of the house relies on."""

import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from config.secrets import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "cex-dominance.service"
EXPOSURE_MOST = 20  # tenths: `systemd-analyze security` of 2.0

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (Debian: apt install systemd)"
)


def service() -> dict[str, str]:
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names keep their case
    parser.read(UNIT)
    return dict(parser["Service"])


def test_it_is_told_ready_watched_and_given_time_to_stop() -> None:
    said = service()
    expected = {
        "Type": "notify",
        "WatchdogSec": "30",
        "TimeoutStopSec": "30",
        "Restart": "always",
        "RestartPreventExitStatus": "1 4",
    }
    assert {name: said[name] for name in expected} == expected


def test_secrets_come_as_credentials_by_the_names_that_we_read_and_never_as_environment() -> None:
    lines = [line.lstrip("#") for line in UNIT.read_text().splitlines()]
    named = {line.partition("=")[2].partition(":")[0] for line in lines if line.startswith("LoadCredential=")}
    assert named == set(ENVIRONMENT.values())
    assert not any(name in service()["Environment"] for name in ENVIRONMENT.values())


@needs_systemd
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/cex-dominance/.venv/bin/python", sys.executable))
    checked = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@needs_systemd
def test_its_exposure_is_at_most_two() -> None:
    words = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MOST}", "--no-pager", str(UNIT)]
    checked = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout[-300:]
