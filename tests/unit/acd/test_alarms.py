"""Alarm rules speak of metrics that there are: one that was renamed would never fire again."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

from services.acd.domain import RecordingFailure
from services.acd.service import counted
from services.gateway.service import recordings

RULES = Path(__file__).parents[3] / "deploy" / "alarms" / "recording.yaml"


def test_rules_speak_of_metrics_that_are_there_before_the_first_failure() -> None:
    assert counted.RECORDINGS_FAILED
    assert recordings.MISSING
    told = {sample.name for metric in REGISTRY.collect() for sample in metric.samples}
    groups = yaml.safe_load(RULES.read_text())["groups"]
    named = {
        name
        for group in groups
        for rule in group["rules"]
        for name in re.findall(r"switchyard_\w+", rule["expr"])
    }
    assert named
    assert named <= told
    for why in RecordingFailure:
        labels = {"why": why.value}
        assert REGISTRY.get_sample_value("switchyard_acd_recordings_failed_total", labels) is not None
