"""Every knob of the gateway: its unit in the name, its default, why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from services.chassis.config import HostPort, ServiceConfig


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class GatewayConfig(ServiceConfig):
    """Settings of the gateway role."""

    gateway_listen: HostPort = "127.0.0.1:8080"
    """Where browsers and programs come in. Put TLS in front of it before it leaves the machine."""

    gateway_tenant: str = "demo"
    """The tenant meant when somebody signs in without naming one, and of the first administrator."""

    gateway_name: str = Field(default="gateway", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """Of this process among several gateways; the same again after a restart, so that it finds the
    agents whose sockets it had when it died."""

    gateway_console_dir: Path | None = None
    """The built web console (`web/dist`). Absent: `/` says how to build it."""

    gateway_origins: Words = ()
    """Other origins (`https://desk.example.org`, with spaces between) whose pages may open the socket; the
    gateway's own is always allowed."""

    gateway_connect_to: Words = ()
    """Other addresses the console may connect to; that of `gateway_phone_url` is allowed anyway."""

    gateway_trusted_proxies: Words = ()
    """Addresses whose X-Forwarded-For and -Proto are believed. Believing everybody would let a stranger
    choose the address that is throttled."""

    # ---- sign-in

    gateway_token_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """Signs access tokens; all gateways of one installation share it. At least 32 characters."""

    gateway_token_s: int = Field(default=900, ge=30, le=3600)
    """Life of an access token: as long can a stolen one be used where a revocation was not heard."""

    gateway_refresh_s: int = Field(default=12 * 3600, ge=300, le=30 * 86400)
    """A sign-in not renewed for so long ends: one shift."""

    gateway_refresh_grace_s: int = Field(default=10, ge=0, le=60)
    """A refresh token already exchanged is good for so long again: two tabs, or an answer that was lost."""

    gateway_cookie_secure: bool = False
    """Set where browsers come by https, always outside of one machine: the cookie then never goes in the
    clear. Off by default because the demo is plain http on loopback."""

    gateway_bootstrap_admin: SecretStr = SecretStr("")
    """`user:password` of the first administrator, used only while there is no user at all."""

    gateway_argon2_memory_kib: int = Field(default=19_456, ge=64, le=1_048_576)
    """OWASP's argon2id minimum: 19 MiB, 2 passes, 1 lane. Lower only in demos and tests."""

    gateway_argon2_passes: int = Field(default=2, ge=1, le=20)
    gateway_argon2_lanes: int = Field(default=1, ge=1, le=16)

    gateway_hash_threads: int = Field(default=2, ge=1, le=32)
    """Passwords are checked in so many threads, never on the event loop: one check is some 20 ms."""

    gateway_hash_waiting: int = Field(default=1_000, ge=1, le=100_000)
    """Sign-ins that may wait for a thread; more get 429. A shift of 800 signs in within a minute."""

    gateway_account_failures: int = Field(default=5, ge=1, le=1_000)
    """Wrong passwords for one account in a row before it has to wait."""

    gateway_account_regain_s: float = Field(default=30.0, gt=0, le=86_400)
    """One more try is given back after so long: 2,880 guesses a day at most."""

    gateway_address_failures: int = Field(default=50, ge=1, le=100_000)
    """Failures from one address before it has to wait: a whole floor may sit behind one."""

    gateway_address_regain_s: float = Field(default=5.0, gt=0, le=86_400)

    gateway_throttle_entries: int = Field(default=100_000, ge=100)
    """Accounts and addresses remembered (some 200 bytes each); the ones nearest to forgiven go first."""

    # ---- telephones

    gateway_phone_url: str = Field(
        default="", pattern=r"^(wss?://[A-Za-z0-9.:\[\]-]{1,255}(/[A-Za-z0-9._/-]*)?)?$"
    )
    """Where pages register their telephone, such as `wss://sip.example.org:7443` (the switch's wss port).
    Empty: there is none in the browser. Pages from https need wss with a certificate that browsers trust."""

    gateway_phone_domains: Words = ("demo=switchyard.local",)
    """The SIP domain of each tenant that has telephones (`demo=switchyard.local`, with spaces between), as
    its switch (SWITCHYARD_FS_DOMAIN) and the ACD (SWITCHYARD_ACD_AGENT_DOMAIN) have it."""

    gateway_phone_s: int = Field(default=600, ge=60, le=3600)
    """Life of a page's SIP password; the page asks for a new one before each registration."""

    gateway_phone_registration_s: int = Field(default=600, ge=60, le=3600)
    """A page's registration lasts so long and is renewed at half: so long (half to whole) a gateway may be
    away and pages are still rung. A page that vanished is forgotten when its socket closes, not by this."""

    gateway_phone_tries: int = Field(default=20, ge=1, le=1_000)
    """Passwords one user may ask for in a row; a page asks at each load and every few minutes."""

    gateway_phone_regain_s: float = Field(default=5.0, gt=0, le=3600)
    """One more after so long."""

    gateway_switch_secret: SecretStr = SecretStr("")
    """What switches prove themselves with when they ask for the directory (SWITCHYARD_FS_DIRECTORY_SECRET);
    letters, digits, dot, dash, underscore, at least 16. Empty: nobody is answered."""

    gateway_directory_cache_s: int = Field(default=600, ge=0, le=86_400)
    """A switch keeps what it heard of an extension so long: so long it can ring agents without us, and so
    long an old password of a desk phone is good after a change. Pages' passwords are never kept by it."""

    # ---- recordings

    gateway_recordings_dir: Path | None = None
    """The switches' recordings folder, where this process has it; complete ones are taken from there into the
    store. Absent: another gateway takes them."""

    gateway_store_dir: Path | None = None
    """Where recordings stay. Absent: none are taken, none can be heard. The same for all gateways."""

    # ---- requests

    gateway_body_bytes: int = Field(default=1_048_576, ge=65_536, le=16_777_216)
    """Larger requests are refused with 413 before they are read. 2,000 users to import are 400 kB."""

    gateway_request_s: float = Field(default=60.0, ge=1, le=300)
    """A request not answered by then is answered with 503; an import of 2,000 users hashes for 30 s."""

    gateway_call_s: float = Field(default=2.0, gt=0, le=30)
    """Deadline of one call to another service: a person waits in front of it."""

    gateway_pop_s: float = Field(default=1.0, gt=0, le=10)
    """The screen pop's parts that have not come by then are called missing: the phone rings already."""

    # ---- the agents' sockets

    gateway_sockets: int = Field(default=5_000, ge=1)
    """Open sockets of this process; some 60 kB each."""

    gateway_hello_s: float = Field(default=10.0, gt=0, le=60)
    """A connection that has not said who it is by then is closed."""

    gateway_ping_s: float = Field(default=10.0, gt=0, le=300)
    """WebSocket ping interval, and how long a pong may take: a dead connection is seen within twice this."""

    gateway_lost_s: float = Field(default=20.0, ge=0, le=3600)
    """An agent whose socket stays lost for so long gets no more calls (other work, connection_lost). Shorter
    would punish a page reload, longer would ring an empty chair."""

    gateway_resume_messages: int = Field(default=256, ge=1, le=65_536)
    """Numbered messages kept per session for resuming: some 10 for a call, so 25 calls."""

    gateway_resume_s: float = Field(default=60.0, ge=0, le=3600)
    """So long after its connection is lost a session can be resumed."""

    gateway_socket_backlog: int = Field(default=512, ge=8, le=65_536)
    """Messages waiting to be sent to one client; when full the client is too slow and is closed."""

    gateway_socket_commands: int = Field(default=16, ge=1, le=1_000)
    """Commands of one socket that may wait; people click less."""

    gateway_frame_bytes: int = Field(default=65_536, ge=4_096, le=1_048_576)
    """Longest frame from a client: a wrap-up with 10,000 Chinese characters is 40 kB."""

    gateway_resync_s: float = Field(default=15.0, gt=0, le=3600)
    """So often the agents' states are compared with the ACD's (one call for all), because live events have no
    replay; also how soon a state is pushed after the ACD came back."""

    gateway_probe_s: float = Field(default=2.0, gt=0, le=60)
    """So often each service is asked for its health; changes are pushed as `services`."""

    gateway_wallboard_s: float = Field(default=1.0, gt=0, le=60)
    """One call to the ACD for all watchers, and only while somebody watches."""

    gateway_pending_retry_s: float = Field(default=5.0, gt=0, le=3600)
    """So often kept work orders are offered to the work-order service again."""

    @field_validator("gateway_tenant")
    @classmethod
    def _tenant(cls, value: str) -> str:
        if re.fullmatch(r"[a-z0-9-]{1,32}", value) is None:
            raise ValueError("must be 1 to 32 of a-z, 0-9 and hyphen")
        return value

    @property
    def phone_domains(self) -> dict[str, str]:
        """By tenant."""
        return dict(pair.split("=", 1) for pair in self.gateway_phone_domains)

    @field_validator("gateway_phone_domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            if re.fullmatch(r"[a-z0-9-]{1,32}=[a-z0-9][a-z0-9.-]{0,252}", pair) is None:
                raise ValueError("must be pairs such as demo=switchyard.local, in lower case")
        for part in (0, 1):
            if len({pair.split("=", 1)[part] for pair in value}) != len(value):
                raise ValueError("must name each tenant and each domain once")
        return value

    @field_validator("gateway_switch_secret")
    @classmethod
    def _long_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(
            r"[\w.-]{16,256}", value.get_secret_value(), re.ASCII
        ):
            raise ValueError(
                "must be 16 to 256 letters, digits, dots, dashes, underscores: openssl rand -hex 24"
            )
        return value

    @field_validator("gateway_token_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
        return value

    @field_validator("gateway_bootstrap_admin")
    @classmethod
    def _user_and_password(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        user, _, password = text.partition(":")
        if text and (not user or len(password) < 10):
            raise ValueError("must be user:password with a password of at least 10 characters")
        return value
