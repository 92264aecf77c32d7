"""A short run under faults, held against the truth second by second. The long one: `scripts/prove`."""

from pathlib import Path

from scripts.pace import paced
from scripts.proof import QUICK, prove


async def test_under_faults_every_second_is_right_and_every_gap_is_healed(tmp_path: Path) -> None:
    verdict = await prove(tmp_path, script=QUICK, length_s=90, speed=paced(12.0), markets=20, rate=40, kills=[57.0])
    assert verdict.wrong == ()
    assert verdict.open_gaps == ()
    assert verdict.healed > 200
    assert verdict.equal > 1_000
