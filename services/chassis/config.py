"""Settings come from the environment, `SWITCHYARD_…`; a bad one stops the start with one clear line."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SWITCHYARD_"


def _host_port(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be host:port, such as 127.0.0.1:7101")
    return value


HostPort = Annotated[str, AfterValidator(_host_port)]


_PLAIN = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9_.\-]+)+")


def _plain_folder(path: Path) -> Path:
    if not _PLAIN.fullmatch(str(path)):
        raise ValueError(
            f"must be an absolute folder of plain names (letters, digits, _ . -), and {path} is not"
        )
    return path


PlainFolder = Annotated[Path, AfterValidator(_plain_folder)]
"""Told to programs that take paths apart at blanks and quotes: we do not escape, we refuse."""


def _addresses(value: str) -> str:
    return ",".join(_host_port(part.strip()) for part in value.split(","))


Addresses = Annotated[str, AfterValidator(_addresses)]
"""host:port, or several with commas: instances of one service, of which any will do."""


class ServiceConfig(BaseSettings):
    """What every service is told. Services add their own knobs in their `config.py`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("")
    """postgresql://role:password@host:port/database of this service's own role."""

    database_pool_size: int = Field(default=8, ge=2, le=100)
    """Connections kept: each costs PostgreSQL some 5 MB, and a service here rarely runs 8 queries at once."""

    nats_url: str = "nats://127.0.0.1:4222"
    """One address or several with commas. Credentials may be in it."""

    nats_stream_max_age_days: int = Field(default=14, ge=1, le=3650)
    """Events older than this leave the stream; what must last is in PostgreSQL by then."""

    nats_stream_max_mib: int = Field(default=2048, ge=16)
    """The oldest events go when the stream grows past this, so that a disk never fills."""

    ops_listen: HostPort = "127.0.0.1:0"
    """Where /healthz, /readyz and /metrics are served."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    drain_s: float = Field(default=10.0, ge=0, le=300)
    """After SIGTERM, so long may work in progress take to finish."""

    acd_address: Addresses = "127.0.0.1:7101"
    ivr_address: Addresses = "127.0.0.1:7102"
    workorder_address: Addresses = "127.0.0.1:7103"
    crm_address: Addresses = "127.0.0.1:7104"


Config = TypeVar("Config", bound=ServiceConfig)


def load(kind: type[Config]) -> Config:
    """Reads the settings, or ends the process with status 2 and one line naming the bad one."""
    try:
        config = kind()
    except ValidationError as problem:
        refuse(problem)
    if not config.database_url.get_secret_value():
        _exit("DATABASE_URL", "is missing: give postgresql://role:password@host:port/database")
    return config


def refuse(problem: ValidationError) -> NoReturn:
    """Ends the process with the first bad setting's name and what is wrong with it, never its value."""
    first = problem.errors()[0]
    name = "_".join(str(part) for part in first["loc"]).upper() or "SETTINGS"
    reason = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    _exit(name.removeprefix(PREFIX), reason)


def _exit(name: str, reason: str) -> NoReturn:
    print(f"switchyard: setting {PREFIX}{name}: {reason}", file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
