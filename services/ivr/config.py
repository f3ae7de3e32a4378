"""What the IVR can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from services.chassis.config import HostPort, PlainFolder, ServiceConfig

SOUNDS = Path(__file__).resolve().parent / "prompts" / "sounds"


class IvrConfig(ServiceConfig):
    grpc_listen: HostPort = "127.0.0.1:7102"
    """Where the Ivr RPCs are served."""

    ivr_esl_listen: HostPort = "127.0.0.1:8084"
    """Where switches hand calls over (`socket host:port async full`). Nobody signs in there: private only."""

    ivr_sounds_dir: PlainFolder = SOUNDS
    """Recordings, under the path by which the *switch* reads them too."""

    ivr_recordings_dir: PlainFolder = Path("/var/lib/switchyard/recordings")
    """Where the switch writes messages (`voicemail-<tenant>-<id>.wav`). It must be there: FreeSWITCH hangs a
    caller up whose recording it cannot open."""

    ivr_tenant: str = Field(default="demo", pattern=r"^[a-z0-9-]{1,32}$")
    """Whose call it is when the dialplan did not say (`sy_tenant`)."""

    ivr_call_limit: int = Field(default=2000, ge=1, le=20_000)
    """Calls in this process's hands; the next one is sent on to the next IVR of the dialplan."""

    ivr_identify_timeout_s: float = Field(default=0.5, ge=0.05, le=5)
    """How long the caller's phone rings on while CRM is asked who calls; then the call goes on without."""

    ivr_rpc_timeout_s: float = Field(default=2.0, ge=0.1, le=30)
    """For a call to the ACD. It answers within milliseconds or is away."""

    ivr_close_patience_s: float = Field(default=300.0, ge=1, le=3600)
    """How long the ACD is told what came of a call, over and over, when it is away."""

    ivr_background_limit: int = Field(default=20_000, ge=100)
    """Requests to the ACD under way or waiting to be repeated: ten minutes of an ACD away at 30 calls/s."""

    ivr_watch_retry_max_s: float = Field(default=0.25, ge=0.05, le=30)
    """Longest pause before an ACD that is away is asked for again, one question for all callers: they lose
    no more than this once a stand-by has taken over."""

    ivr_journal_flush_s: float = Field(default=0.2, ge=0.01, le=10)
    """Calls, answers and messages are written together so often: one transaction for many calls."""

    ivr_journal_limit: int = Field(default=50_000, ge=100)
    """Rows kept while PostgreSQL is away; then the oldest calls of the log are dropped, and counted."""

    ivr_flow_refresh_s: float = Field(default=5.0, ge=0.1, le=300)
    """How soon a flow published through another process is used by this one."""
