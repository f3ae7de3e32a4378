"""`./switchyard simulate`: reads a plan, lives its day on the production engine, says how it went.

What is said to a person goes to the terminal; progress to standard error, so that `--json` can be piped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from deploy.local.options import SimulateOptions
from deploy.local.processes import ProcessError
from services.acd.planning import chart, results, search
from services.acd.planning.marks import Refused
from services.acd.planning.plan import Plan, clock
from services.acd.planning.reading import read
from services.acd.planning.results import Fared, Figures, Results, Worked
from services.acd.planning.search import Found, Told
from services.acd.planning.spread import Estimate
from services.chassis.errors import SwitchyardError

REFUSED = 2
"""Exit status for a plan that is wrong in itself."""
ALL = "all"
SHORT = "in brackets: short abandons, before the service level's time was over"
BAR = 8
"""Letters of a bar."""
EIGHTHS = " ▏▎▍▌▋▊▉█"


def main(options: SimulateOptions) -> int:
    try:
        plan = load(options)
        if options.find:
            return find(plan, options)
        return simulate(plan, options)
    except Refused as refused:
        for problem in refused.problems:
            print(f"{options.plan}: {problem}", file=sys.stderr)
        return REFUSED
    except SwitchyardError as error:  # the engine itself refuses a setting
        print(f"{options.plan}: {error.sentence}", file=sys.stderr)
        return REFUSED


def load(options: SimulateOptions) -> Plan:
    """The plan of the file, with what was asked to be changed."""
    try:
        source = options.plan.read_text(encoding="utf-8")
    except OSError as error:
        raise ProcessError(f"cannot read {options.plan}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ProcessError(f"{options.plan} is not UTF-8 text: save it as UTF-8") from error
    plan = read(source)
    if options.seed is not None or options.replications is not None:
        plan = plan.with_runs(options.replications, options.seed)
    return search.changed(plan, list(options.agents))


def simulate(plan: Plan, options: SimulateOptions) -> int:
    with progress(plan.name) as told:
        found = results.simulate(plan, lambda share: told(plan.name, share))
    if options.json:
        print(json.dumps(results.as_json(found), ensure_ascii=False, indent=2))
    else:
        Console().print(report(found))
    if options.chart is not None:
        write(options.chart, chart.draw(found))
        print(f"chart: {options.chart}", file=sys.stderr)
    return 0


def find(plan: Plan, options: SimulateOptions) -> int:
    """How many agents a group needs; 1 where even the most tried are too few."""
    with progress(plan.name) as told:
        found = search.fewest(plan, options.find, search.target(options.target), told)
    if options.json:
        print(json.dumps(as_json(found), ensure_ascii=False, indent=2))
    else:
        Console().print(trials(found))
    return 0 if found.count is not None else 1


def write(path: Path, words: str) -> None:
    try:
        path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise ProcessError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def progress(name: str) -> Iterator[Told]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=1.0)
        yield lambda what, share: bars.update(task, description=what, completed=share)


# ---------------------------------------------------------------- for a person


def report(found: Results) -> Group:
    return Group(heading(found), queues(found), "", groups(found), "", intervals(found), "", *notes(found))


def heading(found: Results) -> Text:
    plan, runs = found.plan, found.plan.runs
    return Text.assemble(
        (plan.name, "bold"),
        f"\n{clock(plan.opens_ms)}-{clock(plan.closes_ms)}, {runs}, {found.contacts:,} contacts, "
        f"seed {runs.seed}; {runs.sure}\n",
    )


def queues(found: Results) -> Table:
    """A row for each queue and one for all."""
    table = _table(
        "queue",
        "offered",
        "answered",
        "abandoned",
        "service level",
        "ASA s",
        "longest",
        "AHT s",
        caption=SHORT,
    )
    rows = [(queue.title, fared) for queue, fared in zip(found.plan.queues, found.queues, strict=True)]
    for name, fared in [*rows, (ALL, found.whole.fared)] if len(rows) > 1 else rows:
        table.add_row(name, *_fared(fared), style="bold" if name is ALL else "")
    return table


def _fared(fared: Fared) -> list[str]:
    return [
        number(fared.offered),
        number(fared.answered),
        f"{number(fared.abandoned)} ({number(fared.short)})",
        chart.percent(fared.service_level, "–"),
        spread(fared.asa_s, 1),
        number(fared.longest_s),
        number(fared.aht_s),
    ]


def groups(found: Results) -> Table:
    table = _table("agents", "count", "there on average", "occupancy")
    plan = found.plan
    rows = [
        (group.name, group.count, worked) for group, worked in zip(plan.groups, found.groups, strict=True)
    ]
    total = (ALL, sum(group.count for group in plan.groups), found.whole.worked)
    for name, count, worked in [*rows, total] if len(rows) > 1 else rows:
        table.add_row(name, str(count), *_worked(worked), style="bold" if name is ALL else "")
    return table


def _worked(worked: Worked) -> list[str]:
    return [number(worked.staffed, 1), chart.percent(worked.occupancy, "–")]


def intervals(found: Results) -> Table:
    """The day's course."""
    table = _table("from", "offered", "abandoned", "service level", "", "ASA s", "agents", "occupancy")
    table.columns[4].justify = "left"
    for each, figures in enumerate(found.intervals):
        table.add_row(clock(found.plan.starts_ms(each)), *_interval(figures))
    return table


def _interval(figures: Figures) -> list[Text | str]:
    fared, worked = figures.fared, figures.worked
    return [
        number(fared.offered, 1),
        number(fared.abandoned, 1),
        chart.percent(fared.service_level, "–"),
        bar(fared.service_level.value, "green"),
        spread(fared.asa_s, 1),
        number(worked.staffed, 1),
        number(worked.occupancy.times(100), 1) + " %",
    ]


def bar(share: float | None, style: str) -> Text:
    """A share as a bar, to an eighth of a letter."""
    eighths = round((share or 0.0) * BAR * 8)
    full, rest = divmod(min(eighths, BAR * 8), 8)
    return Text((EIGHTHS[8] * full + (EIGHTHS[rest] if rest else "")).ljust(BAR), style=style)


def notes(found: Results) -> list[Text]:
    """What a planner should not overlook."""
    said = [f"service level: {results.SERVICE_LEVEL}", f"occupancy: {results.OCCUPANCY}"]
    served = {name for group in found.plan.groups if group.count for name in group.queues}
    for queue, fared in zip(found.plan.queues, found.queues, strict=True):
        if queue.name not in served:
            said.append(f"{queue.title}: nobody serves it")
        if fared.sent_on.value:
            said.append(f"{queue.title}: {number(fared.sent_on, 1)} a day are sent on by the queue's rules")
        if fared.refused.value:
            said.append(f"{queue.title}: {number(fared.refused, 1)} a day are not let in")
    left = found.whole.fared.left_waiting.value
    if left:
        said.append(f"{left:,.1f} contacts a day still waited hours after closing; they count as abandoned")
    return [Text(line, style="dim") for line in said]


def trials(found: Found) -> Group:
    """The numbers tried, and the answer."""
    table = _table(found.group, "service level", "ASA s", "abandoned", "occupancy of all")
    for trial in found.trials:
        style = "bold green" if trial.count == found.count else ""
        fared = trial.fared
        table.add_row(
            str(trial.count),
            chart.percent(fared.service_level, "–", digits=2),
            spread(fared.asa_s, 1),
            chart.percent(fared.abandoned_share, "–"),
            chart.percent(trial.results.whole.worked.occupancy, "–"),
            style=style,
        )
    return Group(table, Text(verdict(found), style="bold"))


def verdict(found: Found) -> str:
    goal = f"{found.target.share * 100:g} %"
    if found.target.within_ms is not None:
        goal += f" within {found.target.within_ms // 1_000} s"
    if found.count is None:
        most = found.trials[-1].count
        return f"{found.group}: not even {most} agents reach {goal}; look at the rest of the plan"
    return f"{found.group}: {found.count} agents reach {goal}"


def _table(first: str, *others: str, caption: str | None = None) -> Table:
    """Narrow enough for 80 columns; a long name takes several lines."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", caption=caption, caption_justify="left")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def number(estimate: Estimate, digits: int = 0) -> str:
    return "–" if estimate.value is None else f"{estimate.value:,.{digits}f}"


def spread(estimate: Estimate, digits: int) -> str:
    """A figure with its interval."""
    if estimate.half is None:
        return number(estimate, digits)
    return f"{number(estimate, digits)} ± {estimate.half:,.{digits}f}"


# ---------------------------------------------------------------- for programs


def as_json(found: Found) -> dict[str, object]:
    return {
        "group": found.group,
        "target_share": found.target.share,
        "target_within_s": None if found.target.within_ms is None else found.target.within_ms / 1_000,
        "agents": found.count,
        "trials": [{"agents": trial.count, **results.record(trial.fared)} for trial in found.trials],
    }
