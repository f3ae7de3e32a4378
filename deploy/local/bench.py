"""`./switchyard bench NAME`: a figure beside its floor, measured in the same run."""

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
    return sorted(path.stem for path in (ROOT / "tests" / "bench").glob("[a-z]*.py"))


def run_bench(name: str, *, as_json: bool) -> int:
    if name not in names():
        raise ProcessError(f"name one of: {', '.join(names()) or 'tests/bench is empty'}")
    rows: Sequence[Row] = measured(name)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        show(rows)
    return 1 if any(row.ok is False for row in rows) else 0


def measured(name: str) -> Sequence[Row]:
    main = importlib.import_module(f"tests.bench.{name}").main
    found = asyncio.run(main()) if inspect.iscoroutinefunction(main) else main()
    rows: Sequence[Row] = found
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
