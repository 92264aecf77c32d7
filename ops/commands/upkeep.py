"""The commands that look after the daemon and its database: `doctor` on paper, `backup`, `salvage`."""

import sys
from collections.abc import Sequence

import msgspec

from ops.commands import doctor
from ops.commands.cli import Arguments, complain
from ops.commands.doctor import Answer, Mark
from store.backup import BackupFailed, back_up
from store.salvage import SalvageFailed, salvage

FAILED = 2


def show_answers(told: bytes, asked: Arguments) -> int:
    """The examination for a person, or a JSON object a line; exit 1 if anything failed."""
    answers = msgspec.json.decode(told, type=list[Answer])
    if asked.json:
        sys.stdout.writelines(msgspec.json.encode(each).decode() + "\n" for each in answers)
        return doctor.exit_code(answers)
    width = max(len(each.question) for each in answers)
    for each in answers:
        sys.stdout.write(f"{each.mark.value:<4}  {each.question:<{width}}  {each.found}\n")
        if each.remedy and each.mark is not Mark.OK:
            sys.stdout.write(f"      {'':<{width}}  → {each.remedy}\n")
    sys.stdout.write(_summary(answers) + "\n")
    return doctor.exit_code(answers)


def _summary(answers: Sequence[Answer]) -> str:
    counts = {mark: sum(each.mark is mark for each in answers) for mark in Mark}
    return ", ".join(f"{count} {mark.value}" for mark, count in counts.items())


def backup(asked: Arguments) -> int:
    """A hot copy of the database of `--data`; exit 2 where there is none to be had."""
    assert asked.file is not None
    try:
        copy = back_up(asked.data / "radar.db", asked.file, Progress("copied"))
    except BackupFailed as e:
        complain(str(e))
        return FAILED
    rows = sum(copy.rows.values())
    sys.stdout.write(f"{asked.file}: {copy.bytes:,} bytes, {rows:,} rows in {len(copy.rows)} tables, checked\n")
    return 0


def rescue(asked: Arguments, now_ms: int) -> int:
    """What is left of a damaged database; exit 1 where something was lost, 2 where nothing could be read."""
    assert asked.file is not None
    target = asked.file.with_name(f"{asked.file.name}.salvaged")
    try:
        saved = salvage(asked.file, target, now_ms, lambda name: complain(f"reading {name}"))
    except SalvageFailed as e:
        complain(str(e))
        return FAILED
    lines = []
    for each in saved:
        lines.append(f"{each.table}: {each.rows:,} rows" + (f", {each.refused:,} refused" if each.refused else ""))
        lines += [f"  lost: {text}" for text in each.lost]
    whole = not any(each.lost or each.refused for each in saved)
    lines.append(f"{target}: {'nothing was lost that can be seen' if whole else 'the rest is lost'}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if whole else 1


class Progress:
    """Says on stderr how far a copy is, each tenth of the way."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = 0

    def __call__(self, left: int, total: int) -> None:
        tenths = 10 - (10 * left) // max(1, total)
        if tenths > self._told:
            self._told = tenths
            complain(f"{tenths * 10} % {self._what}")
