"""The Grafana dashboard: every metric and label that it names is one that the daemon serves."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ops.commands.answer import Mark
from ops.commands.key_checks import KeyAnswer, KeyState
from ops.watching.footprint import Footprint
from ops.watching.metrics import exposition
from ops.watching.readings import AlertsReading, Traffic
from store.readings.track_record import TrackRecord
from tests.ops.watching.test_health import LIMITS, NOW, UP, readings

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana-dashboard.json"
METRIC = re.compile(r"radar_[a-z0-9_]+")
GRID = 24


def served() -> dict[str, set[str]]:
    """Every metric while everything is known, with its labels."""
    seen = readings(
        channels={"upbit:notices": UP},
        clock_offset_ms=(-5, 5),
        disk_days_left=99.0,
        disk_free_part=0.5,
        alerts=AlertsReading(0, 1, 0, 0, NOW),
        traffic={"upbit": Traffic(9, 1)},
        record=TrackRecord({("upbit", "open"): 1}, {"first_sight": [5]}, {"upbit:notices": [7]}),
        keys={"okx": KeyAnswer("key of okx", Mark.OK, "may read only", state=KeyState.FINE)},
    )
    text = exposition(seen, LIMITS, 0.1, Footprint(10**7, 30, 4, 70, 1.5), ["disk"]).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


def dashboard() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return told


def targets() -> list[dict[str, str]]:
    return [target for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def test_every_metric_that_it_names_is_served_and_every_metric_is_shown() -> None:
    variables = [each["query"]["query"] for each in dashboard()["templating"]["list"] if each["type"] == "query"]
    named = {name for text in (*(each["expr"] for each in targets()), *variables) for name in METRIC.findall(text)}
    assert named - served().keys() == set()
    assert served().keys() - named == {"radar_channel_last_item_time_seconds"}  # quiet for weeks is no news


def test_every_label_that_a_legend_shows_is_one_of_its_metric() -> None:
    metrics = served()
    for target in targets():
        labels = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert labels <= set().union(*(metrics[name] for name in METRIC.findall(target["expr"]))), target


def test_it_can_be_provisioned_as_it_is() -> None:
    told = dashboard()
    assert told["uid"]
    assert "id" not in told  # Grafana gives the number
    assert "__inputs" not in told  # an export that asks questions cannot be provisioned
    sources = {str(panel["datasource"]["uid"]) for panel in told["panels"] if panel["type"] != "row"}
    assert sources == {"${datasource}"}
    assert any(each["name"] == "datasource" and each["query"] == "prometheus" for each in told["templating"]["list"])


def test_no_panel_lies_over_another_and_each_says_what_it_shows() -> None:
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < GRID
        taken |= cells
        assert panel["type"] == "row" or panel["description"], panel["title"]
