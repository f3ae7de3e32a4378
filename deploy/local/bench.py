"""`./switchyard bench NAME`: a figure beside its floor, measured in the same run.

A bench is a module or a folder of tests/bench with a `main` that gives rows. One with options of its own
takes them as its argument: `main(options: Sequence[str])`, and raises ProcessError for what it does not know.
"""

import asyncio
import dataclasses
import importlib
import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.local.processes import ProcessError
from deploy.local.wiring import ROOT


@dataclass(frozen=True)
class Row:
    name: str
    value: float
    unit: str
    floor: float | None = None
    """The same work with nothing around it, in the same unit."""
    ratio: float | None = None
    """value / floor."""
    goal: float | None = None
    ok: bool | None = None
    """None where there is no goal."""


def names() -> list[str]:
    folder = ROOT / "tests" / "bench"
    modules = (path.stem for path in folder.glob("[a-z]*.py"))
    return sorted([*modules, *(path.parent.name for path in folder.glob("[a-z]*/__init__.py"))])


def run_bench(name: str, *, as_json: bool, options: Sequence[str] = ()) -> int:
    if name not in names():
        raise ProcessError(f"name one of: {', '.join(names()) or 'tests/bench is empty'}")
    rows = measured(name, options)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        show(rows)
    return 1 if any(row.ok is False for row in rows) else 0


def measured(name: str, options: Sequence[str] = ()) -> Sequence[Row]:
    main = importlib.import_module(f"tests.bench.{name}").main
    takes_options = bool(inspect.signature(main).parameters)
    if options and not takes_options:
        raise ProcessError(f"bench {name} has no options: {' '.join(options)}")
    found = main(options) if takes_options else main()
    rows: Sequence[Row] = asyncio.run(found) if inspect.iscoroutine(found) else found
    return rows


def show(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "value", "unit", "floor", "ratio", "goal", "ok")
    for row in rows:
        figures = (number(each) for each in (row.floor, row.ratio, row.goal))
        ok = {True: "yes", False: "[red]no[/red]", None: ""}[row.ok]
        table.add_row(row.name, number(row.value), row.unit, *figures, ok)
    Console().print(table)


def number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"
