"""Threads that take memory leave no heaps of their own behind."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
THREADS = """
import sys, threading
from ops.process.memory import share_one_heap
if "shared" in sys.argv:
    share_one_heap()
def take():
    kept.extend(bytes(2_000) for _ in range(100))
kept, threads = [], [threading.Thread(target=take) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
starts = [int(line.split("-")[0], 16) for line in open("/proc/self/maps") if line.split()[1] == "rw-p"]
print(sum(start % (64 << 20) == 0 for start in starts))
"""


def heaps_of_threads(*words: str) -> int:
    """glibc aligns the heap of a thread to 64 MB."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    said = subprocess.run(
        [sys.executable, "-c", THREADS, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    return int(said)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives threads heaps of their own")
def test_threads_share_one_heap() -> None:
    assert heaps_of_threads() > 0
    assert heaps_of_threads("shared") == 0
