"""The host's clocks, on a machine that has slept."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLEPT_S = 50_000
ASK = "import time; from config.clock import SystemClock; print(SystemClock().monotonic() - time.monotonic())"


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has a clock that counts sleep (CLOCK_BOOTTIME) and time namespaces"
)
def test_the_monotonic_clock_counts_the_time_in_which_the_machine_slept() -> None:
    """In a time namespace of its own, whose clocks are those of a machine that slept."""
    unshare = shutil.which("unshare")
    slept = [unshare or "", "--time", "--boottime", str(SLEPT_S), "--fork"]
    if unshare is None or subprocess.run([*slept, "true"], capture_output=True, check=False).returncode:
        pytest.skip("`unshare --time` is missing or not allowed here, and nothing else makes a machine that slept")
    said = subprocess.run([*slept, sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, check=True).stdout
    assert float(said) == pytest.approx(SLEPT_S, abs=1.0)
