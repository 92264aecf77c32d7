"""The picture of a listing: what is drawn, and that nothing which goes wrong in drawing costs more than the picture."""

import struct
import sys

import pytest

from alerts.pictures.drawing import MAGIC, draw
from alerts.pictures.series import Series, joined, line, summed


def a_series() -> Series:
    return Series(
        title=("NOVA · 업비트", "NOVA · Upbit"),
        span_s=1_800.0,
        premium_pct=line([(second * 1000, 1_000.0 - second) for second in range(0, 1_800, 5)], 0),
        excess_pct=(),
        volumes=summed([(second * 1000, 1e6) for second in range(0, 1_800, 5)], 0),
        gaps=((300.0, 420.0),),
        korean=True,
    )


async def test_a_picture_is_a_png_made_for_a_phone() -> None:
    png = await draw(a_series())
    assert png is not None
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (1_080, 1_080)
    assert len(png) < 1_000_000


async def test_the_process_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:SECRET")
    tell = "import os, sys; sys.exit('TOKEN' in ' '.join(os.environ))"
    shown = f"import sys; sys.stdout.buffer.write({MAGIC!r}); {tell}"
    assert await draw(a_series(), (sys.executable, "-c", shown)) == MAGIC


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "print('no picture')"),
        (sys.executable, "-c", f"import os; os.write(1, {MAGIC!r}); os.abort()"),
        ("/nowhere/python",),
    ],
)
async def test_what_cannot_be_drawn_costs_the_picture_only(command: tuple[str, ...]) -> None:
    assert await draw(a_series(), command) is None


async def test_a_drawing_that_hangs_is_ended() -> None:
    hang = (sys.executable, "-c", "import threading; threading.Event().wait()")
    assert await draw(a_series(), hang, deadline_s=0.2) is None


def test_a_line_is_broken_where_nothing_was_seen() -> None:
    points: list[tuple[int, float | None]] = [(1_000, 100.0), (2_000, None), (3_000, 300.0), (14_000, 400.0)]
    assert line(points, 1_000) == ((0.0, 1.0), (1.0, None), (2.0, 3.0), (2.0, None), (13.0, 4.0))


def test_volumes_are_summed_by_ten_seconds_and_gaps_that_touch_are_one() -> None:
    assert summed([(1_000, 5.0), (10_999, 5.0), (11_000, 7.0)], 1_000) == ((0.0, 10.0), (10.0, 7.0))
    assert joined([(5.0, 9.0), (0.0, 2.0), (8.0, 12.0), (12.0, 13.0)]) == ((0.0, 2.0), (5.0, 13.0))
