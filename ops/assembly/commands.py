"""Carries out every command but `run`: what these need, a daemon does not load."""

import asyncio

from config.check import exposed
from config.clock import SystemClock
from config.load import load_secrets, load_settings
from config.settings import SettingsError
from ops.assembly import questions
from ops.commands import readout, upkeep
from ops.commands.cli import Arguments
from ops.process.logs import set_up


def carry_out(asked: Arguments) -> int:
    """The command's exit code."""
    now_ms = SystemClock().now_ms()
    match asked.command:
        case "check-config":
            return readout.check_config(asked, now_ms)
        case "status":
            return readout.show_status(asked, now_ms)
        case "classify":
            return readout.classify(asked)
        case "backup":
            return upkeep.backup(asked)
        case "salvage":
            return upkeep.rescue(asked, now_ms)
        case "doctor" | "analyze":
            return _ask(asked)
    return readout.show_table(asked)


def _ask(asked: Arguments) -> int:
    """What has to be asked of the world, by the running daemon or by ourselves."""
    settings, secrets = load_settings(asked.config), load_secrets()
    set_up(settings.radar.log_format, "warning", secrets.redactor())
    if asked.command == "doctor":
        return asyncio.run(questions.examine(asked, settings, secrets))
    if (problem := exposed(settings.radar.listen, secrets)) is not None:
        raise SettingsError(problem)
    return asyncio.run(questions.analyze(asked, settings, secrets))
