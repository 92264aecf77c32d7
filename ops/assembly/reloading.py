"""Builds what answers SIGHUP: who is told of which settings. Whoever is not told here needs a restart."""

import logging
from functools import partial
from pathlib import Path

from config.check import exposed
from config.load import load_settings
from config.settings import Settings, SettingsError
from ops.assembly.ground import Base
from ops.assembly.judging import Judging
from ops.assembly.listings import Listings
from ops.assembly.observing import Observing
from ops.assembly.recording import Recording
from ops.assembly.telling import Telling
from ops.process.reloader import Reloader


def reloading(
    ground: Base, folder: Path, recording: Recording, judges: Judging, seen: Listings, told: Telling, view: Observing
) -> Reloader:
    """`folder` is the configuration that this run was started with."""

    async def apply(settings: Settings) -> None:
        radar = settings.radar
        logging.getLogger().setLevel(radar.log_level.upper())
        judges.change(settings)
        seen.change(settings)
        recording.aggregator.change(radar.retention)
        await told.change(radar.alerting)

    load = partial(_load, folder, ground)
    return Reloader(load, ground.settings, apply, view.desk.settings_taken, view.desk.settings_refused)


def _load(folder: Path, ground: Base) -> Settings:
    settings = load_settings(folder)
    if (problem := exposed(settings.radar.listen, ground.secrets)) is not None:
        raise SettingsError(problem)
    return settings
