"""Runs the founding checks and prints one PASS or FAIL line each, and a total. A check without a test is a FAIL."""

import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBERED = re.compile(r"::test_(\d\d)_(\w+)")


def ensure_environment(script: str) -> None:
    """Go on in the project's own .venv, making it first where it is missing."""
    if Path(sys.prefix).resolve() == (ROOT / ".venv").resolve():
        return
    setup = 'source "$0/scripts/environment.sh" && install requirements-dev.txt && exec "$python" "$@"'
    os.execvp("bash", ["bash", "-euc", setup, str(ROOT), script, *sys.argv[1:]])  # noqa: S606


class Tally:
    """Collects, by the number in a test's name, whether everything under that number passed."""

    def __init__(self) -> None:
        self.passed: dict[int, bool] = {}
        self.named: dict[int, str] = {}

    def pytest_runtest_logreport(self, report: object) -> None:
        nodeid, outcome, when = (str(getattr(report, field)) for field in ("nodeid", "outcome", "when"))
        numbered = NUMBERED.search(nodeid)
        if numbered is None or (when != "call" and outcome == "passed"):
            return
        number = int(numbered[1])
        self.named.setdefault(number, numbered[2].replace("_", " "))
        self.passed[number] = self.passed.get(number, True) and outcome == "passed"


def run(files: Sequence[str], total: int) -> int:
    """Run the checks in `files`, numbered 1 to `total`; answer the exit code: 0 only when all pass."""
    import pytest

    os.chdir(ROOT)
    tally = Tally()
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[tally])
    failed = [number for number in range(1, total + 1) if not tally.passed.get(number)]
    for number in range(1, total + 1):
        word = "FAIL" if number in failed else "PASS"
        print(f"{word} {number:2d}  {tally.named.get(number, 'no test carries this number')}")
    print(f"{total - len(failed)}/{total}")
    if failed:
        print(captured.getvalue(), file=sys.stderr)
    return 1 if failed else 0
