"""What the CRM service can be told."""

from __future__ import annotations

from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, Field

from services.chassis.config import HostPort, ServiceConfig


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("is not a region; give its two capital letters, such as CN")
    return code


class CrmConfig(ServiceConfig):
    grpc_listen: HostPort = "127.0.0.1:7104"
    """Where the Crm RPCs are served."""

    crm_region: Annotated[str, AfterValidator(_region)] = "CN"
    """Numbers that come without a country code are read as numbers of this region."""

    crm_identify_cache_entries: int = Field(default=20_000, ge=0, le=1_000_000)
    """Callers kept in memory, some 1 kB each. A busy hotline hears from the same few thousand."""

    crm_identify_cache_ttl_s: float = Field(default=10.0, ge=0, le=600)
    """Own changes are seen at once; those of another CRM process after this at the latest."""

    crm_search_timeout_ms: int = Field(default=1_500, ge=100, le=10_000)
    """The search inside names reads every customer of the tenant; past this it answers with what
    the indexes found."""

    crm_timeline_batch: int = Field(default=200, ge=1, le=1_000)
    """Events written in one transaction: one flush to disk for all of them instead of one each."""

    crm_timeline_pace_s: float = Field(default=0.1, ge=0, le=5)
    """Events gather so long between two transactions: at 200 events a second ten transactions do the
    work of 200. A screen lags behind the call by this at most."""
