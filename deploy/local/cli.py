"""The command line. Commands import what they need when they run: `--help` must not wait for gRPC."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.options import USUAL_ESL_PASSWORD
from deploy.local.places import default_data_dir
from deploy.local.wiring import ROOT, SERVICES

app = typer.Typer(
    name="switchyard",
    help="An open contact centre on FreeSWITCH.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
DataDir = Annotated[Path | None, typer.Option(help="Where database, logs and recordings lie. Default: .data")]


@app.command(rich_help_panel="Look")
def demo(
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds until it ends by itself.")] = None,
    calls_per_minute: Annotated[
        float, typer.Option(min=0, max=60_000, help="Calls arriving, on average.")
    ] = 30,
    agents: Annotated[
        int, typer.Option(min=0, max=5_000, help="Simulated agents; 0: enough for the calls.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Repeats a run.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of the web page.")] = 8080,
    no_console: Annotated[bool, typer.Option("--no-console", help="Without the page.")] = False,
    standby: Annotated[bool, typer.Option("--standby", help="A second ACD beside the first.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The balance as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """The whole suite with simulated callers and agents; sign in beside them in the browser."""
    from importlib import import_module

    from deploy.local.options import DemoOptions

    options = DemoOptions(
        duration_s=duration,
        calls_per_minute=calls_per_minute,
        console=not no_console,
        seed=seed,
        data_dir=data_dir_of(data_dir),
        agents=agents,
        port=port,
        json=json,
        standby=standby,
    )
    raise typer.Exit(import_module("deploy.local.demo").main(options))


@app.command(rich_help_panel="Look")
def up(
    esl: Annotated[str, typer.Option(help="FreeSWITCH's event sockets: host:port[,host:port].")] = "",
    esl_password: Annotated[str, typer.Option(envvar="SWITCHYARD_ESL_PASSWORD")] = USUAL_ESL_PASSWORD,
    simulator: Annotated[bool, typer.Option("--simulator", help="A simulated switch instead.")] = False,
    host: Annotated[
        str, typer.Option(help="Where page and IVR listen; 0.0.0.0 for a switch elsewhere.")
    ] = "127.0.0.1",
    no_console: Annotated[bool, typer.Option("--no-console", help="Without the page.")] = False,
    standby: Annotated[bool, typer.Option("--standby", help="A second ACD beside the first.")] = False,
    data_dir: DataDir = None,
) -> None:
    """The five services with PostgreSQL and NATS, for a real FreeSWITCH or a simulated one."""
    from deploy.local import up as module
    from deploy.local.options import UpOptions, parse_nodes
    from deploy.local.running import run

    try:
        nodes = parse_nodes(esl)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--esl") from None
    if bool(nodes) == simulator:
        raise typer.BadParameter("give either --esl host:port or --simulator", param_hint="--esl")
    options = UpOptions(
        esl_nodes=nodes,
        esl_password="" if simulator else esl_password,
        simulator=simulator,
        host=host,
        data_dir=data_dir_of(data_dir),
        console=not no_console,
        standby=standby,
    )
    raise typer.Exit(run(module.up(options)))


@app.command(rich_help_panel="Look")
def replay(
    contact: Annotated[str, typer.Option(help="All that happened to this contact, and why.")] = "",
    since: Annotated[datetime | None, typer.Option("--from", help="Decisions from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="And up to then (UTC).")] = None,
    tenant: Annotated[str, typer.Option(help="Whose.")] = "demo",
    nats_url: Annotated[str, typer.Option(envvar="SWITCHYARD_NATS_URL", help="Where the journal is.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Decides again what the ACD decided, and says why; fails where it comes out differently."""
    from deploy.local import replay as module
    from deploy.local.running import run

    wanted = module.Wanted(
        tenant=tenant,
        contact_id=contact,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        nats_url=nats_url,
        data_dir=data_dir_of(data_dir),
    )
    raise typer.Exit(run(module.run(wanted)))


@app.command(rich_help_panel="Look")
def simulate(
    plan: Annotated[Path, typer.Argument(help="A plan; docs/howto/plan-a-day.md shows one.")],
    agents: Annotated[
        list[str] | None, typer.Option(help="What if: GROUP+2, GROUP-1 or GROUP=14; may be given again.")
    ] = None,
    find: Annotated[str, typer.Option(help="Fewest agents of this GROUP that reach --target.")] = "",
    target: Annotated[str, typer.Option(help="Percent/seconds for --find.")] = "80/20",
    chart: Annotated[Path | None, typer.Option(help="Draws the day into this SVG file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All figures as JSON.")] = False,
    replications: Annotated[
        int | None, typer.Option(min=1, max=1_000, help="Days, instead of the plan's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Other days than the plan's.")] = None,
) -> None:
    """Lives a planned day on the production engine: service level, waits, occupancy, each with ±."""
    from deploy.local import simulate as module
    from deploy.local.options import SimulateOptions

    options = SimulateOptions(plan, tuple(agents or ()), find, target, chart, json, replications, seed)
    raise typer.Exit(module.main(options))


@app.command(rich_help_panel="Look after")
def doctor(
    esl: Annotated[str, typer.Option(help="Also try these event sockets: host:port,…")] = "",
    esl_password: Annotated[str, typer.Option(envvar="SWITCHYARD_ESL_PASSWORD")] = USUAL_ESL_PASSWORD,
    data_dir: DataDir = None,
) -> None:
    """Checks every dependency and setting; each finding with its remedy."""
    from deploy.local import doctor as module
    from deploy.local.options import parse_nodes
    from deploy.local.running import run

    try:
        nodes = parse_nodes(esl)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--esl") from None
    raise typer.Exit(run(module.doctor(data_dir_of(data_dir), nodes, esl_password)))


@app.command(rich_help_panel="Look after")
def migrate(
    database_url: Annotated[
        str, typer.Option(envvar="SWITCHYARD_DATABASE_URL", help="A PostgreSQL of your own.")
    ] = "",
    service: Annotated[str, typer.Option(help="With --database-url: whose schema.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Brings the database up to date: the embedded one, or one of your own."""
    from deploy.local import migrate as module
    from deploy.local.running import run

    if database_url and service not in SERVICES:
        raise typer.BadParameter(f"one of {', '.join(SERVICES)}", param_hint="--service")
    if database_url:
        raise typer.Exit(run(module.migrate_one(database_url, service)))
    raise typer.Exit(run(module.migrate_embedded(data_dir_of(data_dir))))


@app.command(context_settings=PASS_ON, rich_help_panel="Change")
def test(context: typer.Context) -> None:
    """Runs the tests: all, or unit, contract, integration, system, live, e2e; then pytest's options."""
    from deploy.local.testing import run_tests

    run_tests(context.args)


@app.command(context_settings=PASS_ON, rich_help_panel="Change")
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="One of tests/bench; then its own options.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Rows as JSON.")] = False,
) -> None:
    """Measures beside a floor in the same run."""
    from deploy.local.bench import run_bench

    raise typer.Exit(run_bench(name, as_json=json, options=context.args))


@app.command(rich_help_panel="Change")
def check() -> None:
    """Style, types, import rules, generated code: all that CI asks besides the tests."""
    from deploy.local.checking import run_checks

    raise typer.Exit(run_checks())


@app.command(rich_help_panel="Change")
def console() -> None:
    """Builds the web console, with the node at hand or the one from PyPI."""
    from deploy.local.console import build
    from deploy.local.running import run

    raise typer.Exit(run(build(print)))


@app.command(rich_help_panel="Change")
def lock(
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Newer versions too.")] = False,
) -> None:
    """Writes requirements*.lock from pyproject.toml."""
    from deploy.local.locks import write_locks

    write_locks(upgrade=upgrade)


@app.command(rich_help_panel="Change")
def stubs() -> None:
    """Generates services/stubs from proto/."""
    import subprocess

    command = [sys.executable, str(ROOT / "proto" / "generate.py")]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


def add_role(service: str) -> None:
    @app.command(name=service, rich_help_panel="One role, configured by SWITCHYARD_…")
    def role() -> None:
        os.execv(sys.executable, [sys.executable, "-m", f"services.{service}"])

    role.__doc__ = f"The {service} service alone."


for each in SERVICES:
    add_role(each)


def data_dir_of(chosen: Path | None) -> Path:
    return (chosen or default_data_dir()).absolute()


def main(**settings: Any) -> None:
    from deploy.local.running import without_traces

    without_traces(lambda: app(prog_name="./switchyard", **settings), default_data_dir)
