"""The gateway's nouns, and the table of who may do what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Role(StrEnum):
    """What a person is here. One each; what it allows stands in PERMISSIONS."""

    AGENT = "agent"
    TEAM_LEAD = "team_lead"
    DEPARTMENT = "department"
    MAINTENANCE = "maintenance"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that can be allowed. Every route names exactly one."""

    SELF = "self"
    AGENT_WORK = "agent.work"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    NUMBERS_BLOCK = "numbers.block"
    WORK_ORDERS_READ = "work_orders.read"
    WORK_ORDERS_WRITE = "work_orders.write"
    QUEUES_READ = "queues.read"
    QUEUES_WRITE = "queues.write"
    AGENTS_READ = "agents.read"
    AGENTS_WRITE = "agents.write"
    AGENTS_SUPERVISE = "agents.supervise"
    CONTACTS_READ = "contacts.read"
    CONTACTS_ASSIGN = "contacts.assign"
    CALLBACKS_WRITE = "callbacks.write"
    STATISTICS_READ = "statistics.read"
    WALLBOARD_WATCH = "wallboard.watch"
    VOICEMAILS_READ = "voicemails.read"
    RECORDINGS_LISTEN = "recordings.listen"
    RECORDINGS_ALL = "recordings.all"
    FLOWS_READ = "flows.read"
    FLOWS_WRITE = "flows.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    AUDIT_READ = "audit.read"


P = Permission

_AGENT: Final = frozenset(
    {
        P.SELF,
        P.AGENT_WORK,
        P.CUSTOMERS_READ,
        P.CUSTOMERS_WRITE,
        P.WORK_ORDERS_READ,
        P.WORK_ORDERS_WRITE,
        P.QUEUES_READ,
        P.STATISTICS_READ,
        P.VOICEMAILS_READ,
        P.RECORDINGS_LISTEN,
    }
)
_TEAM_LEAD: Final = _AGENT | {
    P.NUMBERS_BLOCK,
    P.AGENTS_READ,
    P.AGENTS_SUPERVISE,
    P.CONTACTS_READ,
    P.CONTACTS_ASSIGN,
    P.CALLBACKS_WRITE,
    P.WALLBOARD_WATCH,
    P.FLOWS_READ,
    P.RECORDINGS_ALL,
}

# A department handles work orders and takes no calls; maintenance runs the machine and sees no customer;
# an administrator manages people and may look at everything, but does not sit at an agent's desk.
PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.AGENT: _AGENT,
    Role.TEAM_LEAD: _TEAM_LEAD,
    Role.DEPARTMENT: frozenset(
        {P.SELF, P.CUSTOMERS_READ, P.WORK_ORDERS_READ, P.WORK_ORDERS_WRITE, P.STATISTICS_READ}
    ),
    Role.MAINTENANCE: frozenset(
        {
            P.SELF,
            P.QUEUES_READ,
            P.QUEUES_WRITE,
            P.AGENTS_READ,
            P.AGENTS_WRITE,
            P.FLOWS_READ,
            P.FLOWS_WRITE,
            P.STATISTICS_READ,
            P.WALLBOARD_WATCH,
        }
    ),
    Role.ADMINISTRATOR: frozenset(Permission) - {P.AGENT_WORK},
}

AGENT_ROLES: Final = frozenset(
    role for role, allowed in PERMISSIONS.items() if Permission.AGENT_WORK in allowed
)

CONNECTION_LOST: Final = "connection_lost"  # the presence reason the gateway itself sets

USERNAME: Final = re.compile(r"[a-z0-9._@-]{1,64}")
AGENT_ID: Final = re.compile(r"[a-z0-9._-]{1,64}")
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
EXTENSION: Final = re.compile(r"[A-Za-z0-9_.+*#-]{0,32}")
PASSWORD_CHARACTERS: Final = (10, 200)  # longer than 200 is an attack on the hash, not a phrase

# What can be chosen at wrap-up; free words are allowed as well. Reports will group by the code.
DISPOSITIONS: Final = (
    ("resolved", "Resolved", "已解决"),
    ("follow_up", "Follow-up needed", "需跟进"),
    ("transferred", "Passed to a department", "转部门处理"),
    ("complaint", "Complaint", "投诉"),
    ("information", "Information given", "咨询"),
    ("wrong_number", "Wrong number", "打错"),
    ("silent", "Silent call", "无声"),
)


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in."""

    user_id: str
    tenant: str
    username: str
    name: str
    role: Role
    agent_id: str = ""
    extension: str = ""
    department: str = ""
    disabled: bool = False
    revision: int = 1

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request: what an access token says. Kept small, it travels with every request."""

    user_id: str
    tenant: str
    username: str
    name: str
    role: Role
    session_id: str
    expires_at: int
    agent_id: str = ""
    extension: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS[self.role]

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in or a renewal gives."""

    identity: Identity
    access_token: str
    refresh_token: str
    expires_in_s: int
    refresh_expires_in_s: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act of administration."""

    action: str
    about: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and from where."""

    identity: Identity
    address: str


class CloseCode:
    """Why the gateway closes a socket (docs/gateway-websocket.md)."""

    SIGNED_OUT = 1000
    RESTART = 1012
    BAD_HELLO = 4400
    TOKEN = 4401
    DENIED = 4403
    NO_HELLO = 4408
    REPLACED = 4409
    TOO_SLOW = 4429
