"""What clients may send, checked at the door. Answers are built from the services' messages (views.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from services.gateway.domain import AGENT_ID, EXTENSION, REQUEST_ID, USERNAME, Role

RequestId = Annotated[str, StringConstraints(pattern=rf"^({REQUEST_ID.pattern})?$")]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{0,64}$")]
AgentId = Annotated[str, StringConstraints(pattern=rf"^({AGENT_ID.pattern})?$")]
Extension = Annotated[str, StringConstraints(pattern=f"^{EXTENSION.pattern}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9+*#A-Za-z.@:_-]{1,64}$")]


def line(longest: int, shortest: int = 0) -> StringConstraints:
    """One line: no control characters, which would end up in headers, logs and lists."""
    return StringConstraints(min_length=shortest, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]*$")


Line64 = Annotated[str, line(64)]
Line200 = Annotated[str, line(200)]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


def with_zone(value: datetime | None) -> datetime | None:
    """Raises ValueError for a moment that could be any of two dozen."""
    if value is not None and value.tzinfo is None:
        raise ValueError("must say its time zone, such as 2026-12-31T00:00:00Z")
    return value


class Body(BaseModel):
    """Unknown fields are refused: a misspelt one must not be lost without a word."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignIn(Body):
    username: Annotated[str, StringConstraints(max_length=256)]
    password: Annotated[str, StringConstraints(max_length=1_000)]
    tenant: Annotated[str, StringConstraints(max_length=64)] | None = None


class Renewal(Body):
    refresh_token: Annotated[str, StringConstraints(max_length=300)] | None = None


class PasswordChange(Body):
    current: Annotated[str, StringConstraints(max_length=1_000)]
    new: Annotated[str, StringConstraints(max_length=1_000)]


class PasswordReset(Body):
    new: Annotated[str, StringConstraints(max_length=1_000)]


class OpenPhone(Body):
    with_desk: bool = False


class PhonePassword(Body):
    # Digest can be guessed at offline by whoever hears a registration: longer than a console's password.
    new: Annotated[str, StringConstraints(pattern=r"^[!-~]{12,64}$")]


class Presence(Body):
    presence: Literal["ready", "other_work", "offline"] | None = Field(
        default=None, description="null or left out: it stays, and the reason too"
    )
    reason: Line64 = ""
    extension: Extension = ""
    work_mode: Literal["continuous", "intermittent"] | None = None
    request_id: RequestId = ""


class ForcedPresence(Body):
    presence: Literal["ready", "other_work", "offline"]
    reason: Line64 = ""
    request_id: RequestId = ""


class Assignment(Body):
    """A waiting contact is given to an agent."""

    agent_id: Annotated[str, StringConstraints(pattern=f"^{AGENT_ID.pattern}$")]
    wait_s: int = Field(
        default=120, ge=1, le=3600, description="for that agent to be free; then it is anybody's"
    )
    request_id: RequestId = ""


class NewCallback(Body):
    """Somebody to be called."""

    number: Annotated[str, line(64, 1)] = Field(
        description="with its country code, or as the ACD's region writes it"
    )
    queue: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
    mode: Literal["agent_first", "customer_first"] | None = Field(
        default=None, description="null: as the queue says"
    )
    not_before: datetime | None = Field(default=None, description="null: as soon as it is their turn")
    not_after: datetime | None = Field(default=None, description="null: so long after as the queue says")
    attempts: int = Field(default=0, ge=0, le=10, description="0: as the queue says")
    priority: int = Field(default=0, ge=0, le=10)
    skills: dict[Line64, Annotated[int, Field(ge=1, le=10)]] = Field(default={}, max_length=16)
    preferred_agent_id: AgentId = ""
    data: dict[Line64, Line200] = Field(default={}, max_length=32, description="shown to the agent")
    customer_id: Id = ""
    note: Line200 = ""
    request_id: RequestId = ""

    @field_validator("not_before", "not_after")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        return with_zone(value)


class OfferAction(Body):
    offer_id: Id | None = None
    request_id: RequestId = ""


class ContactAction(Body):
    request_id: RequestId = ""


class Keys(Body):
    """Telephone keys for the other end."""

    keys: Annotated[str, Field(pattern=r"^[0-9A-D*#]{1,32}$")]
    request_id: RequestId = ""


class Transfer(Body):
    """Whom the caller is given to: a queue or an agent, one of them."""

    queue: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,64}$")] = ""
    to_agent_id: Annotated[str, Field(pattern=r"^[a-z0-9._-]{0,64}$")] = ""
    request_id: RequestId = ""


class NewWorkOrder(Body):
    type: Line64
    urgency: Line64 = "normal"
    channel: Line64 = "phone"
    title: Annotated[str, line(200, 1)]
    description: Text = ""
    customer_id: Id = ""
    department: Line64 = ""


class WorkOrder(NewWorkOrder):
    contact_id: Id = ""
    request_id: RequestId = ""


class WrapUp(Body):
    disposition: Annotated[str, line(64, 1)]
    notes: Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")] = ""
    work_order: NewWorkOrder | None = None
    request_id: RequestId = ""


class WorkOrderAction(Body):
    action: Line64
    revision: int = Field(default=0, ge=0)
    note: Text = ""
    department: Line64 = ""
    assignee: Line64 = ""
    satisfied: bool | None = None
    request_id: RequestId = ""


class Customer(Body):
    name: Line200 = ""
    organisation: Line200 = ""
    numbers: list[Number] = Field(default=[], max_length=50)
    accounts: list[Line64] = Field(default=[], max_length=50)
    email: Line200 = ""
    level: int = Field(default=0, ge=0, le=3)
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,35}$")] = ""
    tags: list[Line64] = Field(default=[], max_length=100)
    notes: Text = ""


class ChangedCustomer(Customer):
    revision: int = Field(ge=0)


class Block(Body):
    reason: Line200 = ""
    expires_at: datetime | None = None

    @field_validator("expires_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        return with_zone(value)


class FlowSource(Body):
    source: Annotated[str, StringConstraints(min_length=1, max_length=262_144)]


class UserSettings(Body):
    name: Annotated[str, line(200, 1)]
    role: Role
    agent_id: AgentId = ""
    extension: Extension = ""
    department: Line64 = ""


class ChangedUser(UserSettings):
    revision: int = Field(default=0, ge=0)


class NewUser(UserSettings):
    username: Annotated[str, StringConstraints(pattern=f"^{USERNAME.pattern}$")]
    password: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    password_hash: Annotated[str, StringConstraints(max_length=500)] | None = None
    queues: list[Line64] | None = Field(default=None, max_length=200)


class Import(Body):
    users: list[NewUser] = Field(min_length=1, max_length=2_000)
    existing: Literal["refuse", "keep", "change"] = "refuse"
