"""One daemon a data folder, also after the first was killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.lock import AlreadyRunning, held

HOLD = """
import sys
from pathlib import Path
from ops.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[2]


def test_the_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    path = tmp_path / "radar.lock"
    with held(path), pytest.raises(AlreadyRunning, match=r"process \d+\) holds"), held(path):
        pass
    with held(path):
        pass  # free again


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    path = tmp_path / "radar.lock"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=str(other.pid)), held(path):
            pass
        other.send_signal(signal.SIGKILL)
    with held(path):
        pass
