"""Has a picture drawn in a process that ends with it: the plotting library would cost the daemon 60 MB for good.

The process gets nothing but the series: no environment with secrets, no open database. Whatever goes wrong there costs
the picture only; the words go without it.
"""

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from alerts.pictures.series import Series

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "alerts.pictures.picture")
DEADLINE_S = 60.0  # real seconds; a loaded machine takes five
LARGEST = 5_000_000  # bytes; Telegram takes ten
MAGIC = b"\x89PNG\r\n\x1a\n"


async def draw(series: Series, command: Sequence[str] = COMMAND, deadline_s: float = DEADLINE_S) -> bytes | None:
    """The PNG; None where there is none, which is logged."""
    with tempfile.TemporaryDirectory(prefix="radar-picture-") as folder:
        environment = {
            "PATH": os.defpath,
            "MPLCONFIGDIR": folder,
            "HOME": folder,
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
        }
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env=environment
            )
        except OSError as error:
            log.warning("no picture: it can't be drawn here (%s)", error)
            return None
        try:
            async with asyncio.timeout(deadline_s):
                png, said = await process.communicate(msgspec.json.encode(series))
        except TimeoutError:
            log.warning("no picture: not drawn within %g s", deadline_s)
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0 or not png.startswith(MAGIC) or len(png) > LARGEST:
        log.warning("no picture: exit %s, %s", process.returncode, said.decode(errors="replace")[-500:].strip())
        return None
    return png
