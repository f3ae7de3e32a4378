"""Who finds whom: the environment of each service when all run on one machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_ports

SERVICES = ("acd", "ivr", "workorder", "crm", "gateway")
WITH_RPC = ("acd", "ivr", "workorder", "crm")
STANDBY = "acd2"
"""A second ACD, which stands by for the first."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ports:
    rpc: Mapping[str, int]
    ops: Mapping[str, int]
    ivr_esl: int
    gateway: int

    def all(self) -> dict[str, int]:
        """Every port with the sentence-ready name of its user."""
        return {
            **{f"{service} gRPC": port for service, port in self.rpc.items()},
            **{f"{service} health": port for service, port in self.ops.items()},
            "ivr calls (ESL)": self.ivr_esl,
            "web page": self.gateway,
        }


USUAL_PORTS = Ports(
    rpc={"acd": 7101, "ivr": 7102, "workorder": 7103, "crm": 7104},
    ops={"acd": 7201, "ivr": 7202, "workorder": 7203, "crm": 7204, "gateway": 7205},
    ivr_esl=8084,
    gateway=8080,
)


def role_of(name: str) -> str:
    """The service that a process of this name runs."""
    return "acd" if name == STANDBY else name


def usual_ports(*, standby: bool = False) -> Ports:
    if not standby:
        return USUAL_PORTS
    usual = USUAL_PORTS
    return replace(usual, rpc={**usual.rpc, STANDBY: 7111}, ops={**usual.ops, STANDBY: 7211})


def any_ports(gateway: int = 0, *, standby: bool = False) -> Ports:
    """Free ones, so that several suites can run beside each other; the page's may be chosen."""
    more = (STANDBY,) if standby else ()
    found = free_ports(len(WITH_RPC) + len(SERVICES) + 2 * len(more) + 2)
    return Ports(
        rpc={service: found.pop() for service in (*WITH_RPC, *more)},
        ops={service: found.pop() for service in (*SERVICES, *more)},
        ivr_esl=found.pop(),
        gateway=gateway or found.pop(),
    )


@dataclass(frozen=True)
class Wiring:
    ports: Ports
    nats_url: str
    dsn: Callable[[str], str]
    """PostgreSQL as the service's own role."""
    esl_nodes: Mapping[str, str]
    """Switches by name, each host:port."""
    esl_password: str
    token_secret: str
    bootstrap_admin: str
    """user:password of the first start."""
    console_dir: Path
    recordings_dir: Path
    host: str = LOOPBACK
    """Where the parts listen that a switch or a browser on another machine must reach."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More settings for every service, such as LOG_LEVEL."""

    def environment(self, name: str) -> dict[str, str]:
        service = role_of(name)
        settings = {
            "DATABASE_URL": self.dsn(service),
            "NATS_URL": self.nats_url,
            "OPS_LISTEN": f"{LOOPBACK}:{self.ports.ops[name]}",
            "LOG_FORMAT": "json",
            **{f"{each.upper()}_ADDRESS": self.address(each) for each in WITH_RPC},
            **self._own(service),
            **({"GRPC_LISTEN": self.listen(name)} if name in self.ports.rpc else {}),
            **self.extra,
        }
        return {f"SWITCHYARD_{name}": value for name, value in settings.items()}

    def listen(self, name: str) -> str:
        return f"{LOOPBACK}:{self.ports.rpc[name]}"

    def address(self, service: str) -> str:
        """Where a service is to be found; several addresses where it runs twice."""
        return ",".join(self.listen(name) for name in self.ports.rpc if role_of(name) == service)

    @property
    def ivr_esl(self) -> str:
        return f"{self.host}:{self.ports.ivr_esl}"

    @property
    def page(self) -> str:
        return f"{self.host}:{self.ports.gateway}"

    def _own(self, service: str) -> dict[str, str]:
        nodes = ",".join(f"{name}={address}" for name, address in self.esl_nodes.items())
        switch = {"ESL_NODES": nodes, "ESL_PASSWORD": self.esl_password}
        if service == "gateway":
            return {
                "GATEWAY_LISTEN": self.page,
                "GATEWAY_TOKEN_SECRET": self.token_secret,
                "GATEWAY_CONSOLE_DIR": str(self.console_dir),
                "GATEWAY_BOOTSTRAP_ADMIN": self.bootstrap_admin,
                "GATEWAY_RECORDINGS_DIR": str(self.recordings_dir),
                "GATEWAY_STORE_DIR": str(self.recordings_dir.with_name("store")),
            }
        if service == "acd":
            return switch | {"ACD_RECORDINGS_DIR": str(self.recordings_dir)}
        if service == "ivr":
            return switch | {
                "IVR_ESL_LISTEN": self.ivr_esl,
                "IVR_RECORDINGS_DIR": str(self.recordings_dir),
            }
        return {}
