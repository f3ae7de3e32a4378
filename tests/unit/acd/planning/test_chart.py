"""The picture is well formed, whatever people call their queues."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from services.acd.planning.chart import draw, shortened
from services.acd.planning.reading import read
from services.acd.planning.results import simulate

TEXT = """
name: {name}
opens: {opens}
closes: {closes}
interval_min: {minutes}
queues:
  a: {{title: {name}, arrivals: {calls}, talk: {{mean_s: 100}}, patience: {{mean_s: 60}}}}
agents:
  {name}: {{count: 3, queues: a}}
run: {{replications: 2}}
"""
NAMES = [
    "Plain",
    "客户服务中心一线技术支持与投诉受理组以及其他",
    "<b>&amp; a very long name of a queue" + " indeed" * 5,
]


def drawn(
    name: str = "Plain", opens: str = "08:00", closes: str = "10:00", minutes: int = 30, calls: int = 9
) -> str:
    text = TEXT.format(name=f'"{name}"', opens=opens, closes=closes, minutes=minutes, calls=calls)
    return draw(simulate(read(text)))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_xml_and_keeps_the_whole_name_as_a_hint(name: str) -> None:
    root = ET.fromstring(drawn(name))  # noqa: S314 - our own
    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count(name) == 2  # the picture's and the strip's


@pytest.mark.parametrize(
    ("opens", "closes", "minutes"),
    [
        ("08:00", "08:01", 1),
        ("09:07", "10:07", 15),
        ("00:00", "24:00", 15),
        ("20:00", "30:00", 60),
        ("00:00", "999:00", 60),
    ],
)
def test_any_day_has_a_readable_number_of_times(opens: str, closes: str, minutes: int) -> None:
    picture = drawn(opens=opens, closes=closes, minutes=minutes, calls=1)
    times = re.findall(r'text-anchor="middle">(\d+:\d\d)<', picture)
    assert len(times) <= 4 * 14
    assert "nan" not in picture


def test_a_day_without_contacts_can_be_drawn() -> None:
    assert "nobody" in drawn(calls=0)


def test_names_are_cut_by_their_width() -> None:
    assert shortened("short", 10) == "short"
    assert shortened("a name of some length", 10) == "a name of…"
    assert shortened("技术支持热线", 9) == "技术支持…"
