"""Who may command the switches: the owner of the lease, and while NATS is away whoever they know.

Each owner writes a mark of its own into a global variable of every switch before it commands it. The lease
alone decides whose mark that is; the marks decide only what an owner may still do that cannot renew its
lease, because NATS cannot be reached: it goes on as long as every switch still carries its mark, looked at
`verify_s` ago at most. A new owner waits that long after it has set its own. So a lone owner routes through
any outage of NATS, and one that was replaced stops before the new one begins. Another's mark ends a term also
while the lease is held.
"""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Gauge

from services.chassis.esl import CommandFailed, EslError, Link, NotPermitted
from services.chassis.esl import commands as fs
from services.chassis.lease import Lease

log = structlog.get_logger()

CLAIM_TRIES = 5  # each fails only because another owner wrote at the same moment
LOOKS = 4  # in the time that a look is good for: three may fail

ON_MARKS = Gauge(
    "switchyard_acd_on_marks", "1 while NATS is away and the switches' marks let us go on.", ["shard"]
)


class Fence:
    """Of one term of ownership."""

    def __init__(self, lease: Lease, shard: str, verify_s: float) -> None:
        self.generation = lease.generation
        self.over = False
        """Whether another owner's mark was seen."""
        self._lease = lease
        self._variable = f"sy_acd_{shard}"
        self._mark = f"{lease.generation}-{lease.holder}"
        self._verify_s = verify_s
        self._shard = shard
        self._claimed: dict[str, Link] = {}
        self._until = 0.0
        self._waited = False

    @property
    def ours(self) -> bool:
        """False once somebody else is known to have taken over."""
        return not self.over and self._lease.ours and self._lease.generation == self.generation

    def may_act(self) -> bool:
        """The one question before anything is commanded, decided, published or stored. From any thread."""
        return self.ours and (self._lease.held or self._lease.clock() < self._until)

    # ------------------------------------------------------------ marks

    async def claim(self, link: Link) -> None:
        """Sets our mark, and waits until who had set the one before can do no more. Raises EslError."""
        self._claimed.pop(link.node.name, None)
        before = await self._marked(link)
        while before != self._mark and not self._lease.held:
            # Without NATS only a switch that knows us is ours. This one has restarted, or is another's.
            await asyncio.sleep(self._verify_s / LOOKS)
            before = await self._marked(link)
        if before != self._mark:
            await self._set_mark(link, before)
            if not self._lease.clean and (before or not self._waited):
                await asyncio.sleep(self._verify_s)
                self._waited = True
        self._claimed[link.node.name] = link

    async def _set_mark(self, link: Link, before: str) -> None:
        for _ in range(CLAIM_TRIES):
            await link.api(fs.global_setvar(self._variable, self._mark, was=before))
            before = await self._marked(link)
            if before == self._mark:
                log.info("switch_claimed", node=link.node.name, shard=self._shard, mark=self._mark)
                return
        raise NotPermitted(link.node.name)

    async def _marked(self, link: Link) -> str:
        try:
            return await link.peek(fs.global_getvar(self._variable), timeout_s=self._verify_s * LOOKS)
        except CommandFailed:
            return ""  # unset: the switch has started since, or has never known an owner

    async def watch(self) -> None:
        """Looks at the marks, for ever; also while we have the lease: should NATS have given it to another
        as well (it came back without its disk), the mark is what tells us."""
        while True:
            await asyncio.sleep(self._verify_s / LOOKS)
            if self._lease.ours:
                await self._verify()
            ON_MARKS.labels(self._shard).set(not self._lease.held and self.may_act())

    async def _verify(self) -> None:
        started = self._lease.clock()
        links = [link for link in self._claimed.values() if link.up]
        try:
            async with asyncio.timeout(self._verify_s):
                marks = await asyncio.gather(*(self._marked(link) for link in links))
        except (TimeoutError, EslError):
            return
        if any(mark not in ("", self._mark) for mark in marks):
            self.over = True
            log.warning("another_owner_marked_a_switch", shard=self._shard, generation=self.generation)
        elif marks and all(marks):
            self._until = started + self._verify_s
