"""Draws one picture: a `Series` as JSON on stdin, a PNG on stdout. A process of its own, see `drawing.py`.

Square and in large type, because it is looked at on a phone. Korean labels need a font with Korean letters; where the
machine has none, the labels are English.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import matplotlib as mpl

mpl.use("Agg")

import msgspec
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from alerts.pictures.series import STEP_S, Series
from alerts.texts.words import Language, Words, say

SIDE_IN, DPI, TYPE_PT = 10.8, 100, 20
PAD_IN = 0.15
KOREAN_FONTS = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Noto Sans CJK JP", "Malgun Gothic", "UnDotum")
PREMIUM, EXCESS, VOLUME, MISSED = "#0072b2", "#d55e00", "#5a7d9a", "#b0b0b0"  # apart for colour-blind eyes, too
LABELS: dict[str, Words] = {
    "premium": ("코인 프리미엄", "coin premium"),
    "excess": ("초과 프리미엄", "excess premium"),
    "volume": (f"거래대금 / {STEP_S}초", f"volume / {STEP_S} s"),
    "minutes": ("거래 시작 후 분", "minutes since the opening"),
    "missed": ("수신하지 못함", "not received"),
    "highest": ("최고", "highest"),
    "nothing": ("프리미엄을 알 수 없음", "premium unknown"),
}


def draw(series: Series) -> bytes:
    """The PNG."""
    font = korean_font() if series.korean else None
    language: Language = "ko" if font is not None else "en"
    plt.rcParams.update({"font.size": TYPE_PT, "axes.unicode_minus": False})
    if font is not None:
        plt.rcParams["font.family"] = [font, "DejaVu Sans"]
    figure, (top, bottom) = plt.subplots(
        2,
        1,
        sharex=True,
        figsize=(SIDE_IN, SIDE_IN),
        height_ratios=(2, 1),
        layout=ConstrainedLayoutEngine(w_pad=PAD_IN, h_pad=PAD_IN),
    )
    figure.suptitle(say(series.title, language), fontsize=TYPE_PT * 1.4, fontweight="bold")
    _premiums(top, series, language)
    _volumes(bottom, series, language)
    for axes in (top, bottom):
        for place, (from_s, to_s) in enumerate(series.gaps):
            label = say(LABELS["missed"], language) if axes is top and place == 0 else None
            axes.axvspan(from_s / 60, to_s / 60, color=MISSED, alpha=0.45, hatch="//", linewidth=0, label=label)
        axes.grid(visible=True, alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    if top.get_legend_handles_labels()[0]:
        top.legend(loc="upper right", framealpha=0.85)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI)
    return out.getvalue()


def korean_font() -> str | None:
    """The name of an installed font with Korean letters."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in KOREAN_FONTS if name in installed), None)


def _premiums(axes: Axes, series: Series, language: Language) -> None:
    lines = ((series.premium_pct, "premium", PREMIUM, 3.0), (series.excess_pct, "excess", EXCESS, 2.0))
    for points, name, colour, width in lines:
        known = [value for _, value in points if value is not None]
        if known:
            label = f"{say(LABELS[name], language)} ({say(LABELS['highest'], language)} {max(known):+.1f} %)"
            axes.plot(_minutes(points), _values(points), color=colour, linewidth=width, label=label)
    if not axes.lines:
        axes.text(0.5, 0.5, say(LABELS["nothing"], language), transform=axes.transAxes, ha="center", va="center")
    axes.axhline(0, color="black", linewidth=1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def _volumes(axes: Axes, series: Series, language: Language) -> None:
    minutes = [at_s / 60 for at_s, _ in series.volumes]
    axes.bar(minutes, [krw for _, krw in series.volumes], width=STEP_S / 60, align="edge", color=VOLUME)
    axes.set_xlim(0, series.span_s / 60)
    axes.set_ylabel(say(LABELS["volume"], language))
    axes.set_xlabel(say(LABELS["minutes"], language))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: won(value, language)))


def won(amount: float, language: Language) -> str:
    """₩1.2M, or ₩120만 to a Korean: as much as an axis has room for."""
    units = ((1e8, "억"), (1e4, "만")) if language == "ko" else ((1e9, "B"), (1e6, "M"), (1e3, "k"))
    for size, name in units:
        if abs(amount) >= size:
            return f"₩{amount / size:.3g}{name}"
    return f"₩{amount:.3g}"


def _minutes(points: Sequence[tuple[float, float | None]]) -> list[float]:
    return [at_s / 60 for at_s, _ in points]


def _values(points: Sequence[tuple[float, float | None]]) -> list[float]:
    return [float("nan") if value is None else value for _, value in points]


if __name__ == "__main__":
    with suppress(OSError):  # a hardened service may not allow it
        os.nice(10)  # the daemon's sockets go first
    sys.stdout.buffer.write(draw(msgspec.json.decode(sys.stdin.buffer.read(), type=Series)))
