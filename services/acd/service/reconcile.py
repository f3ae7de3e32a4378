"""Keeps engines true to the switches: what one knows and the other does not is looked into and mended.

`show channels` lags the events by up to 180 ms, so it only raises suspicions; `uuid_exists` is exact and
decides. What is younger than the settling time is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import orjson
import structlog

from services.acd.config import AcdConfig
from services.acd.domain import ContactState
from services.acd.engine import stimuli
from services.acd.engine.floor import Contact, Floor, Offer, Stage
from services.acd.service import counted
from services.acd.service.legs import KEPT_AFTER, KEPT_IN, arrival_of
from services.acd.service.recording import PAUSED, RECORDED
from services.acd.service.router import Router
from services.acd.service.switches import Switches
from services.chassis import tenant as tenants
from services.chassis.errors import Invalid
from services.chassis.esl import CommandFailed, EslError, Event, Link
from services.chassis.esl import commands as fs

log = structlog.get_logger()

AT_ONCE = 32  # questions to one switch under way: it answers 20,000 a second
FIRST_POLL_S = 0.005
WELCOME_AGAIN_S = 0.25
STRANGERS_MAX = 50_000  # uuids remembered as none of ours
TRUST_S = 30.0
"""A comparison that found nothing is good for so long, while as many are there as then: one who came just
when another was lost would hide the loss."""


Claim = Callable[[Link], Awaitable[None]]


Numbers = tuple[int, tuple[tuple[int, int], ...]]
"""Of a switch: its channels; and of each engine the contacts on it, and all offers."""


@dataclass(frozen=True)
class Agreed:
    """Engines and switch knew the same."""

    numbers: Numbers
    at: float


async def _claim_nothing(_: Link) -> None: ...


class Reconciler:
    """Compares when a link came up and every few seconds."""

    def __init__(
        self, config: AcdConfig, router: Router, switches: Switches, claim: Claim = _claim_nothing
    ) -> None:
        self._router = router
        self._switches = switches
        self._claim = claim
        self._interval_s = config.acd_reconcile_s
        self._settle_ms = config.acd_settle_ms
        self._compared: set[str] = set()
        """Links that came and were compared."""
        self._begun = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._strangers: dict[str, set[str]] = {}
        self._suspects: dict[str, set[str]] = {}
        self._agreed: dict[str, Agreed] = {}

    # ------------------------------------------------------------ when

    def link_up(self, node: str, link: Link) -> None:
        """Compares with a switch that has just come (back), then lets its callers take part."""
        running = self._tasks.pop(node, None)
        if running is not None:
            running.cancel()
        self._strangers[node] = set()
        self._agreed.pop(node, None)
        self._compared.discard(link.node.name)
        self._tasks[node] = asyncio.create_task(self._welcome(node, link), name=f"compare-{node}")

    async def _welcome(self, node: str, link: Link) -> None:
        while not await self._welcomed(node, link):
            await asyncio.sleep(WELCOME_AGAIN_S)
        if not link.up:
            return  # the next LinkUp comes here again
        self._compared.add(link.node.name)
        if self._begun:
            self._router.node_up(node)

    async def _welcomed(self, node: str, link: Link) -> bool:
        """False when it has to be tried again: the link is there, but we were not permitted to use it just
        then (the lease had lapsed), or the switch took too long."""
        try:
            await self._claim(link)
            await self._switches.ready.wait()
            await self._compare(node, link, settle_ms=0)
        except EslError as problem:
            log.warning("compare_failed", node=node, problem=str(problem)[:200])
            return not link.up
        return True

    async def first_done(self, within_s: float, unreached_s: float) -> bool:
        """Waits until every switch has been compared once, then lets the callers of all take part: who talks
        on one must not be rung for a caller of another that was compared sooner.

        One that refuses to be reached is waited for less long. False when some did not come in time.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while missing := [link for _, link in self._switches.links() if link.node.name not in self._compared]:
            waited = loop.time() - began
            if waited > (unreached_s if all(link.turned_away for link in missing) else within_s):
                break
            await asyncio.sleep(FIRST_POLL_S)
        self._begun = True
        for node, link in self._switches.links():
            if link.up and link.node.name in self._compared:
                self._router.node_up(node)
        return not missing

    async def run(self) -> None:
        """Compares with all switches, for ever."""
        while True:
            await asyncio.sleep(self._interval_s)
            self._router.gauge()
            for node, link in self._switches.links():
                if not link.up or link.node.name not in self._compared:
                    continue
                try:
                    if not await self._as_then(node, link):
                        await self._compare(node, link, settle_ms=self._settle_ms)
                except EslError as problem:
                    log.warning("compare_failed", node=node, problem=str(problem)[:200])

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _as_then(self, node: str, link: Link) -> bool:
        """Nobody came or went since the last comparison, which found nothing."""
        agreed = self._agreed.get(node)
        if agreed is None or asyncio.get_running_loop().time() - agreed.at > TRUST_S:
            return False
        return self._numbers(node, await link.channel_count()) == agreed.numbers

    def _numbers(self, node: str, channels: int) -> Numbers:
        floors = [engine.floor for engine in self._router.engines.values()]
        known = [(len(f.nodes[node].contacts) if node in f.nodes else 0, len(f.offers)) for f in floors]
        return channels, tuple(known)

    # ------------------------------------------------------------ what

    async def _compare(self, node: str, link: Link, *, settle_ms: int) -> None:
        before = self._router.now_ms() - settle_ms
        present = await link.uuids()
        ours: set[str] = set()
        for tenant, engine in list(self._router.engines.items()):
            floor = engine.floor
            legs = [o for o in floor.offers.values() if o.leg and o.node == node and o.agent.offer is o]
            known = floor.nodes.get(node)
            callers = list(known.contacts.values()) if known else []
            await asyncio.sleep(0)  # each of these looks at thousands: others get a turn between
            ours.update(offer.id for offer in legs)
            ours.update(contact.call_id for contact in callers)
            ours.update(contact.callback.dialled for contact in callers if contact.callback)
            await asyncio.sleep(0)
            await self._callers(tenant, link, floor, (c for c in callers if c.call_id not in present), before)
            await self._legs(tenant, link, (o for o in legs if o.id not in present), before)
            await asyncio.sleep(0)
            if not settle_ms:
                await self._look_at_legs(tenant, link, legs, present)
                await self._look_at_dialled(tenant, node, link, callers)
                await self._look_at_kept(tenant, link, callers)
        await self._unknown(node, link, present - ours, first=not settle_ms)
        self._agreed.pop(node, None)
        if ours - {""} == present - self._strangers[node]:
            self._agreed[node] = Agreed(self._numbers(node, len(present)), asyncio.get_running_loop().time())

    async def _callers(
        self, tenant: str, link: Link, floor: Floor, missing: Iterable[Contact], before: int
    ) -> None:
        """Contacts whose caller the switch does not show."""
        for contact in missing:
            if contact.gone_at or max(contact.opened_at, contact.released_at) > before:
                continue
            exists = await _exists(link, contact.call_id)
            if exists or contact.gone_at or contact.id not in floor.nodes[contact.node].contacts:
                continue  # it is there after all, or has ended while we asked
            self._mended("ghost_call", contact.id)
            gone = stimuli.CallerGone(stimuli.Arrival(contact.id), "SWITCH_LOST", lost=True)
            self._router.tell(tenant, gone)

    async def _legs(self, tenant: str, link: Link, missing: Iterable[Offer], before: int) -> None:
        """Agents' legs that the switch does not show. One that rings may not have a channel yet."""
        for offer in missing:
            if offer.offered_at > before or await _exists(link, offer.id):
                continue
            if offer.agent.offer is offer and self._switches.settled(offer.id):
                self._mended("stuck_agent", offer.id)
                self._router.tell(tenant, stimuli.LegGone(offer.id, "LEG_LOST"))

    async def _look_at_legs(self, tenant: str, link: Link, legs: list[Offer], present: set[str]) -> None:
        """After an outage: what legs became of which we have heard nothing."""
        for offer in legs:
            if offer.id not in present or offer.stage not in (Stage.RINGING, Stage.BRIDGING):
                continue
            leg = await _dump(link, offer.id)
            if leg is None:
                continue
            if _partner(leg):
                self._router.tell(tenant, stimuli.Bridged(offer.id))
            elif leg.get("Answer-State") == "answered":
                self._router.tell(tenant, stimuli.LegAnswered(offer.id))

    async def _look_at_dialled(self, tenant: str, node: str, link: Link, callers: list[Contact]) -> None:
        """After an outage: what became of customers who were being called."""
        for contact in callers:
            dialled = contact.callback.dialled if contact.callback is not None else ""
            if not dialled or not self._switches.settled(dialled):
                continue
            leg = await _dump(link, dialled)
            if leg is None:
                self._router.tell(tenant, stimuli.DialFailed(contact.id, dialled, "LEG_LOST"))
            elif leg.get("Answer-State") == "answered":
                self._router.tell(tenant, stimuli.CustomerAnswered(contact.id, dialled, node))

    async def _look_at_kept(self, tenant: str, link: Link, callers: list[Contact]) -> None:
        """After a restart: callers whom an agent had given away, and whom no flow holds."""
        for contact in callers:
            if contact.state is not ContactState.OPEN or not contact.answered_at:
                continue
            leg = await _dump(link, contact.call_id)
            if leg is None or _partner(leg) or not (queue := leg.variable(KEPT_IN)):
                continue
            self._router.tell(tenant, stimuli.KeptFound(contact.id, queue, leg.variable(KEPT_AFTER)))

    async def _unknown(self, node: str, link: Link, unknown: set[str], *, first: bool) -> None:
        """Channels that no engine knows: mostly callers in a flow, but it may be an agent's leg."""
        strangers = self._strangers.setdefault(node, set())
        strangers &= unknown
        suspects = unknown - strangers
        # In passing, only what is seen twice is looked at: a leg may be younger than the list is.
        looked_at = suspects if first else suspects & self._suspects.get(node, set())
        self._suspects[node] = suspects - looked_at
        limit = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._meet(node, link, uuid, strangers, limit) for uuid in looked_at))

    async def _meet(
        self, node: str, link: Link, uuid: str, strangers: set[str], limit: asyncio.Semaphore
    ) -> None:
        async with limit:
            leg = await _dump(link, uuid)
        if leg is None:
            return
        if leg.variable("sy_callback"):
            self._called_back(node, link, leg)
            return
        if leg.variable("sy_leg") != "agent":
            if len(strangers) < STRANGERS_MAX:
                strangers.add(uuid)
            return
        try:
            tenant = tenants.check(leg.variable("sy_tenant"))
        except Invalid:
            return
        if not self._router.serves(tenant):
            return
        if not _partner(leg):
            self._mended("orphan_leg", uuid)
            link.ask(fs.uuid_kill(uuid, "NORMAL_CLEARING"))
        elif not await self._adopt(tenant, node, link, leg):
            # Two people talk, and we cannot say about what: an agent not known yet, or a contact given up
            # while the link was away. They go on; next time we may know more.
            log.warning("conversation_not_understood", leg=uuid, contact_id=leg.variable("sy_contact_id"))

    def _called_back(self, node: str, link: Link, leg: Event) -> None:
        """Somebody whom the last run has dialled: on the line they are served, else not wanted any more."""
        tenant = leg.variable("sy_tenant")
        if _partner(leg) or not self._router.serves(tenant):
            return  # a conversation: it is found by the agent's leg
        self._mended("orphan_leg", leg.uuid)
        if leg.get("Answer-State") == "answered":
            found = stimuli.CustomerFound(leg.variable("sy_contact_id"), leg.uuid, node)
            self._router.tell(tenant, found)
        else:
            link.ask(fs.uuid_kill(leg.uuid, "ORIGINATOR_CANCEL"))

    async def _adopt(self, tenant: str, node: str, link: Link, leg: Event) -> bool:
        """Two people talk whom no engine connected: the last run did. False when it makes no sense."""
        caller = await _dump(link, _partner(leg))
        if caller is None or not leg.variable("sy_contact_id"):
            return False
        arrival = arrival_of(caller)
        arrival.contact_id = leg.variable("sy_contact_id")
        arrival.node, arrival.call_id = node, _partner(leg)
        arrival.opened_at = _number(leg.variable("sy_opened_ms")) or arrival.opened_at
        now = self._router.now_ms()
        answered_at = min(_number(leg.get("Caller-Channel-Answered-Time")) // 1000 or now, now)
        found = stimuli.Adopt(
            arrival,
            leg.variable("sy_queue"),
            leg.variable("sy_agent_id"),
            leg.uuid,
            _number(leg.variable("sy_enqueued_ms")) or answered_at,
            answered_at,
            leg.get("Channel-Call-State") == "HELD",
            recorded=caller.variable(RECORDED) == leg.uuid,
            paused=caller.variable(PAUSED) == "1",
        )
        self._router.tell(tenant, found)
        log.info("conversation_found", contact_id=arrival.contact_id, agent_id=found.agent_id)
        return leg.uuid in self._router.engine(tenant).floor.offers

    @staticmethod
    def _mended(what: str, about: str) -> None:
        counted.MENDED.labels(what).inc()
        log.warning("mended", what=what, about=about)


async def _exists(link: Link, uuid: str) -> bool:
    return not uuid or await link.api(fs.uuid_exists(uuid)) == "true"


async def _dump(link: Link, uuid: str) -> Event | None:
    """All the switch knows about a channel; None when it is gone."""
    try:
        return Event(orjson.loads(await link.bgapi(fs.uuid_dump(uuid), timeout_s=10)))
    except (CommandFailed, orjson.JSONDecodeError):
        return None


def _partner(leg: Event) -> str:
    """The uuid it is bridged with, "" when it is not."""
    return leg.variable("signal_bond")  # bridge_uuid may outlive the bridge


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
