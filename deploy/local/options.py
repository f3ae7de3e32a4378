"""What a person can ask of `demo` and `up`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USUAL_ESL_PASSWORD = "ClueCon"  # noqa: S105 - FreeSWITCH's own default, known to everybody


@dataclass(frozen=True)
class DemoOptions:
    duration_s: float | None
    """None: until Ctrl-C."""
    calls_per_minute: float
    console: bool
    seed: int
    data_dir: Path
    agents: int
    port: int
    """Of the web page; 0 takes any free one."""
    json: bool
    """The balance as JSON on standard output, and nothing else there."""
    standby: bool = False
    """A second ACD, which takes over when the first dies."""


@dataclass(frozen=True)
class UpOptions:
    esl_nodes: Mapping[str, str]
    """Real switches by name, each host:port; empty with `simulator`."""
    esl_password: str
    simulator: bool
    host: str
    data_dir: Path
    console: bool
    standby: bool = False
    """A second ACD, which takes over when the first dies."""


def parse_nodes(text: str) -> dict[str, str]:
    """`host:port,host:port` or `name=host:port,…`; nameless ones are fs1, fs2, …"""
    nodes: dict[str, str] = {}
    for number, part in enumerate(filter(None, (each.strip() for each in text.split(","))), 1):
        name, equals, address = part.rpartition("=")
        host, colon, port = address.rpartition(":")
        if not (host and colon and port.isdigit() and 0 < int(port) < 65_536):
            raise ValueError(f"'{part}' is not host:port, such as 127.0.0.1:8021")
        name = name if equals else f"fs{number}"
        if not name or name in nodes:
            raise ValueError(f"'{part}': every switch needs a name of its own")
        nodes[name] = address
    return nodes


@dataclass(frozen=True)
class SimulateOptions:
    plan: Path
    agents: tuple[str, ...]
    """Changes such as `sales+2`."""
    find: str
    """A group whose number of agents is sought; empty: none."""
    target: str
    chart: Path | None
    json: bool
    replications: int | None
    """None: as the plan says; so for the seed."""
    seed: int | None
