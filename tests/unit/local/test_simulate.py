"""`./switchyard simulate`: what is printed, written and refused, and that the page's example works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploy.local.options import SimulateOptions
from deploy.local.processes import ProcessError
from deploy.local.simulate import main
from deploy.local.wiring import ROOT
from services.acd.planning import results
from services.acd.planning.reading import read

PAGE = ROOT / "docs" / "howto" / "plan-a-day.md"
SHOWN = 14
"""Lines of the example's output that the page shows: all above the intervals."""
EXAMPLE = ROOT / "docs" / "howto" / "plan-a-day.yaml"


def wrong(folder: Path, before: str, after: str) -> Path:
    """The example with a mistake in it."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert before in text
    path = folder / "wrong.yaml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


def options(plan: Path = EXAMPLE, **changes: object) -> SimulateOptions:
    usual: dict[str, object] = {
        "plan": plan,
        "agents": (),
        "find": "",
        "target": "80/20",
        "chart": None,
        "json": False,
        "replications": 2,
        "seed": None,
    }
    return SimulateOptions(**{**usual, **changes})  # type: ignore[arg-type]


def test_the_example_of_the_page(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every queue, group and interval has a line, and none is wider than a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(options()) == 0
    said = capsys.readouterr().out
    for words in ("An ordinary Tuesday", "Sales", "技术支持", "all-rounders", "19:30", "formula 1"):
        assert words in said
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_page_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line for line above the intervals; figures may differ, as they do with every change of routing."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(options()) == 0
    said = [_words(line) for line in capsys.readouterr().out.splitlines()[:SHOWN]]
    page = [_words(line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    first = page.index(said[0])
    assert page[first : first + SHOWN] == said


def _words(line: str) -> list[str]:
    return re.sub(r"[\d.,:()±%-]+", " ", line).split()


def test_figures_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options(json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert [queue["title"] for queue in found["queues"]] == ["Sales", "技术支持"]
    assert len(found["intervals"]) == 24
    assert 0 < found["day"]["service_level"]["value"] < 1
    assert found["day"]["service_level"]["half_width"] > 0


def test_a_picture_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options(chart=tmp_path / "day.svg")) == 0
    assert (tmp_path / "day.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "day.svg" in capsys.readouterr().err
    with pytest.raises(ProcessError, match="cannot write"):
        main(options(chart=tmp_path / "nowhere" / "day.svg"))


def test_more_agents_answer_sooner(capsys: pytest.CaptureFixture[str]) -> None:
    levels = []
    for change in ((), ("support+6", "early sales=20")):
        main(options(agents=change, json=True))
        levels.append(json.loads(capsys.readouterr().out)["day"]["service_level"]["value"])
    assert levels[0] < levels[1]


def test_agents_are_sought(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(options(find="support", target="85/30", json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agents"] == min(
        trial["agents"] for trial in found["trials"] if trial["service_level"]["value"] >= 0.85
    )
    assert main(options(find="support", target="85/30")) == 0
    assert f"support: {found['agents']} agents reach 85 % within 30 s" in capsys.readouterr().out


def test_all_that_is_wrong_is_said_and_nothing_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options(wrong(tmp_path, "arrivals: 16", "arivals: -1"))) == 2
    told = capsys.readouterr()
    assert not told.out
    assert re.search(r"wrong\.yaml: line \d+: queues\.support\.arivals: .*did you mean 'arrivals'", told.err)


def test_a_setting_that_the_engine_refuses_is_said_in_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    circle = "routing: {on_full: {action: queue, target: sales}, "
    assert main(options(wrong(tmp_path, "routing: {", circle))) == 2
    assert "circle" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="cannot read"):
        main(options(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ProcessError, match="UTF-8"):
        main(options(tmp_path / "latin.yaml"))


def test_the_pages_skills_are_understood() -> None:
    """The fragments of the page that need skills, put into a plan."""
    [fragment] = re.findall(r"```yaml\n(queues:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    plan = read(fragment).with_runs(1, None)
    found = results.simulate(plan)
    assert found.whole.fared.answered.value
    assert any("skills" in group.more for group in plan.groups)
    assert any("skills" in kind.more for queue in plan.queues for kind in queue.kinds)
