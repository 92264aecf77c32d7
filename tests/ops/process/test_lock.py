"""One daemon a data folder, also after the first was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.redaction import Redactor
from ops.process.lock import AlreadyRunning, Run, boot_id, held, noting

HOLD = """
import sys
from pathlib import Path
from config.redaction import Redactor
from ops.process.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[3]


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


def test_a_run_that_was_killed_leaves_no_mark_of_an_end(tmp_path: Path) -> None:
    path = tmp_path / "radar.lock"
    with held(path) as first:
        assert first.before is None
    with held(path) as second:
        assert second.before == Run(os.getpid(), boot_id())


def test_a_run_that_ended_in_order_says_how(tmp_path: Path) -> None:
    path = tmp_path / "radar.lock"
    with held(path) as hold:
        hold.end("stopped", 1_800_000_000_000, "SIGTERM")
    with held(path) as again:
        assert again.before == Run(os.getpid(), boot_id(), "stopped", 1_800_000_000_000, "SIGTERM")
    assert path.read_text().splitlines()[0] == str(os.getpid())


def test_a_crash_is_noted_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "radar.lock"
    with pytest.raises(OSError, match="hush"), held(path) as hold, noting(hold, Redactor(["hush-hush"])):
        raise OSError("cannot\nread hush-hush")
    with held(path) as again:
        assert again.before is not None
        assert (again.before.ended, again.before.why) == ("crashed", "OSError: cannot read ***")


def test_of_several_crashes_each_is_noted(tmp_path: Path) -> None:
    crashes = [ValueError("this"), ExceptionGroup("inside", [OSError("that")])]
    with (
        held(tmp_path / "radar.lock") as hold,
        pytest.raises(ExceptionGroup),
        noting(hold, Redactor([])),
    ):
        raise ExceptionGroup("two", crashes)
    with held(tmp_path / "radar.lock") as again:
        assert again.before is not None
        assert again.before.why == "ValueError: this; OSError: that"


@pytest.mark.parametrize(
    "left", [b"123\n", b"123\n{", b"no number\n{}", b"\x00\x00", b'123\n{"pid":1,"why":"\xec\x98"}\n']
)
def test_a_note_of_another_shape_counts_as_a_run_without_an_end(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "radar.lock"
    path.write_bytes(left)
    with held(path) as hold:
        assert hold.before is not None
        assert hold.before.ended is None
