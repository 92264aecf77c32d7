#!/usr/bin/env python3
"""The 54 founding checks of analysis, gate and alerts: one line each, and a total."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.founding import ensure_environment, run

FILES = ["tests/founding/test_analysis.py", "tests/founding/test_alerts.py", "tests/founding/test_whole.py"]

if __name__ == "__main__":
    ensure_environment(__file__)
    raise SystemExit(run(FILES, total=54))
