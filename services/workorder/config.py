"""What the work-order service can be told."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from services.chassis.config import HostPort, ServiceConfig


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not a time zone; give one such as Asia/Shanghai or UTC") from None
    return name


class WorkOrderConfig(ServiceConfig):
    grpc_listen: HostPort = "127.0.0.1:7103"
    """Where the WorkOrders RPCs are served."""

    workorder_timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """The day in an order's number is the day on the wall of those who speak it."""

    workorder_search_timeout_ms: int = Field(default=2_000, ge=100, le=10_000)
    """A text search reads many rows; past this it is ended and the asker told to narrow it."""
