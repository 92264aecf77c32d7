#!/usr/bin/env python3
"""The 20 founding checks of the pipeline: one line each, and a total."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.founding import ensure_environment, run

if __name__ == "__main__":
    ensure_environment(__file__)
    raise SystemExit(run(["tests/founding/test_pipeline.py", "tests/founding/test_pipeline_notices.py"], total=20))
