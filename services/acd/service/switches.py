"""Between engines and switches: events become stimuli, orders become commands, refusals become stimuli."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from services.acd.config import AcdConfig
from services.acd.engine import commands, stimuli
from services.acd.outside import Outside
from services.acd.service import counted, legs
from services.acd.service.recording import Recordings
from services.acd.service.router import Answer, Router
from services.chassis import tenant as tenants
from services.chassis.errors import Invalid
from services.chassis.esl import (
    CommandFailed,
    CommandTimedOut,
    EslError,
    EslNode,
    EslThread,
    Event,
    Link,
    LinkDown,
    LinkLost,
    LinkUp,
    UnsafeArgument,
)
from services.chassis.esl import commands as fs

log = structlog.get_logger()

EVENTS = (
    "CHANNEL_BRIDGE",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "RECORD_START",
    "RECORD_STOP",
)
FILTERS = (("variable_sy_leg", "caller"), ("variable_sy_leg", "agent"))

# A kill can overtake the originate that it means to end: the switch starts background jobs in threads of
# their own. So it is repeated while the originate has not come to a result.
KILL_AGAIN_S = 0.25
KILL_TRIES = 12

SHOW_LAG_S = 0.2  # from an originate until `show channels` tells of its leg: 60 to 180 ms were measured

# What somebody hears who waits for the other one: the ringing tone of China and most of Europe.
RINGING_TONE = fs.tone("%(1000,4000,450);loops=-1")

KEPT_MUSIC = fs.music("moh")
"""What a caller hears whom an agent has given away, as during a hold."""

Compare = Callable[[str, Link], None]


class Switches:
    """All links. `on_up(node, link)` is called when a link came up: compare, then say `router.node_up`."""

    on_up: Compare

    def __init__(
        self,
        config: AcdConfig,
        thread: EslThread,
        router: Router,
        outside: Outside,
        permit: Callable[[], bool] = lambda: True,
    ) -> None:
        self._config = config
        self._outside = outside
        self._router = router
        password = config.esl_password.get_secret_value()
        nodes = [EslNode(name, host, port, password) for name, host, port in config.switches()]
        self._links = [Link(thread, node, events=EVENTS, filters=FILTERS, permit=permit) for node in nodes]
        self.by_node = {link.node.name: link for link in self._links}
        self._names = {link.node.name: link.node.name for link in self._links}  # ours to the switch's own
        self._rings: set[str] = set()  # legs whose originate has not come to a result
        self._rung_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []
        self.ready = asyncio.Event()
        """Set once the engines know what the store knows: what switches say is read from then on."""
        self._cores: dict[str, str] = {}
        self._recordings = Recordings(str(config.acd_recordings_dir), router)

    async def start(self) -> Sequence[asyncio.Task[None]]:
        """Begins to connect; gives the consumers, which should never end."""
        for link in self._links:
            await link.start()
            name = f"switch-{link.node.name}"
            self._tasks.append(asyncio.create_task(self._consume(link), name=name))
        return self._tasks

    async def stop(self) -> None:
        await asyncio.gather(*(link.stop() for link in self._links))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def links(self) -> list[tuple[str, Link]]:
        """Each link once, with the switch's own name where that is known."""
        return [(self._names[link.node.name], link) for link in self._links]

    @property
    def any_up(self) -> bool:
        return any(link.up for link in self._links)

    @property
    def all_up(self) -> bool:
        return all(link.up for link in self._links)

    def knows(self, node: str) -> bool:
        """Whether there is, or could be, a link to the switch of this name."""
        return node in self.by_node

    def settled(self, offer_id: str) -> bool:
        """Whether its originate has come to a result, so that a missing channel means a missing leg."""
        return offer_id not in self._rings

    async def shown(self) -> None:
        """Waits until `show channels` tells of all legs we have asked for: a new owner finds them by it."""
        await asyncio.sleep(max(0.0, self._rung_at + SHOW_LAG_S - asyncio.get_running_loop().time()))

    # ------------------------------------------------------------ what switches say

    async def _consume(self, link: Link) -> None:
        seen = counted.SWITCH_EVENTS.labels(link.node.name)
        async for item in link.stream():
            if isinstance(item, Event):
                seen.inc()
                self._event(item)
            elif isinstance(item, LinkUp):
                self._up(link, item)
                await self.ready.wait()
            else:
                self._down(link, item)

    def _up(self, link: Link, item: LinkUp) -> None:
        node = item.switchname or link.node.name
        if self.by_node.setdefault(node, link) is not link:
            log.error("two_switches_of_one_name", switchname=node, node=link.node.name)
            return
        self._names[link.node.name] = node
        before = self._cores.get(node)
        self._cores[node] = item.core_uuid
        log.info("switch_up", node=node, restarted=bool(before) and before != item.core_uuid)
        self.on_up(node, link)

    def _down(self, link: Link, item: LinkDown) -> None:
        self._router.node_down(self._names[link.node.name], item.reason)

    def _event(self, event: Event) -> None:
        try:
            tenant = tenants.check(event.variable("sy_tenant"))
        except Invalid:
            return  # not a call of ours
        tell = self._router.tell
        name = event.name
        if name == "CHANNEL_HANGUP_COMPLETE":
            cause = event.get("Hangup-Cause") or event.variable("hangup_cause")
            if event.variable("sy_leg") == "agent":
                # "send_bye": the phone was hung up; "recv_bye": it hung up. Legs without SIP do not say.
                by_switch = event.variable("sip_hangup_disposition").startswith("send_")
                tell(tenant, stimuli.LegGone(event.uuid, cause, by_switch), event)
            elif event.variable("sy_contact_id"):
                gone = stimuli.CallerGone(legs.arrival_of(event), cause, lost=legs.dropped(event))
                tell(tenant, gone, event)
            else:
                wait_s = self._config.acd_word_grace_ms / 1000
                asyncio.get_running_loop().call_later(wait_s, self._nobody_had_it, tenant, event, cause)
        elif name == "CHANNEL_BRIDGE":
            self._bridged(tenant, event)
        elif name == "CHANNEL_HOLD":
            tell(tenant, stimuli.Held(event.uuid), event)
        elif name == "CHANNEL_UNHOLD":
            tell(tenant, stimuli.Retrieved(event.uuid), event)
        elif name in ("RECORD_START", "RECORD_STOP"):
            self._recordings.heard(tenant, event)

    def _nobody_had_it(self, tenant: str, event: Event, cause: str) -> None:
        """A caller whom no IVR has named: it was down, or had no time to. The ledger knows all callers, so
        the call gets its own uuid as contact id, unless an IVR has spoken of it meanwhile."""
        if not self._router.serves(tenant):
            return
        contacts = self._router.engine(tenant).floor.contacts.values()
        if not any(contact.call_id == event.uuid for contact in contacts):
            arrival = replace(legs.arrival_of(event), contact_id=event.uuid)
            self._router.tell(tenant, stimuli.CallerGone(arrival, cause, lost=legs.dropped(event)), event)

    def _bridged(self, tenant: str, event: Event) -> None:
        """It comes once, on either leg, naming both."""
        if not self._router.serves(tenant):
            return
        offers = self._router.engine(tenant).floor.offers
        for header in ("Bridge-B-Unique-ID", "Bridge-A-Unique-ID", "Other-Leg-Unique-ID"):
            if (leg := event.get(header)) in offers:
                self._router.tell(tenant, stimuli.Bridged(leg), event)
                return

    # ------------------------------------------------------------ what switches are told

    def carry(self, tenant: str, order: commands.Order, cause: Event | None) -> Answer | None:
        """Carries out an order of the engine; gives the answer where somebody may be waiting for it."""
        link = self.by_node.get(order.node)
        if isinstance(order, commands.Ring):
            self._ring(tenant, link, order, cause)
            return None
        if isinstance(order, commands.Dial):
            self._dial(tenant, link, order, cause)
            return None
        if isinstance(order, commands.StartRecording | commands.StopRecording | commands.MaskRecording):
            return self._recordings.carry(tenant, link, order) if link is not None else None
        if link is None or not link.up:
            return None  # the engine knows, or will in a moment; its own timers end what hangs
        if isinstance(order, commands.Bridge):
            self._bridge(tenant, link, order, cause)
        elif isinstance(order, commands.Kill):
            self._kill(tenant, link, order, cause, KILL_TRIES)
        elif isinstance(order, commands.Comfort):
            self._asked(link.ask(fs.uuid_broadcast(order.uuid, [RINGING_TONE])), "uuid_broadcast")
        elif isinstance(order, commands.PickUp):
            return self._asked(link.ask(fs.uuid_phone_event(order.offer_id, "talk")), "uuid_phone_event")
        elif isinstance(order, commands.HoldLeg):
            return self._hold(tenant, link, order)
        elif isinstance(order, commands.SendKeys):
            return self._asked(link.ask(fs.uuid_send_dtmf(order.call_id, order.keys)), "uuid_send_dtmf")
        elif isinstance(order, commands.Keep):
            return self._keep(link, order)
        elif isinstance(order, commands.GoOn):
            extension, dialplan, context = order.after.split(":")
            link.ask(fs.uuid_setvar_multi(order.call_id, {legs.KEPT_IN: "", legs.KEPT_AFTER: ""}))
            command = fs.uuid_transfer(order.call_id, extension, context, dialplan=dialplan)
            self._asked(link.ask(command), "uuid_transfer")
        return None

    def _keep(self, link: Link, order: commands.Keep) -> Answer:
        """The caller hears music, out of the bridge. The agent's leg ends next, maybe during a hold: it must
        not say then where the caller goes."""
        link.ask(fs.uuid_setvar(order.offer_id, "hold_hangup_xfer_exten", ""))
        kept = {legs.KEPT_IN: order.queue, legs.KEPT_AFTER: order.after}
        link.ask(fs.uuid_setvar_multi(order.call_id, kept))
        return self._asked(link.ask(fs.uuid_play_on(order.call_id, KEPT_MUSIC)), "uuid_transfer")

    def _ring(self, tenant: str, link: Link | None, order: commands.Ring, cause: Event | None) -> None:
        if link is None or not link.up:
            self._router.tell(tenant, stimuli.RingFailed(order.offer_id, "NETWORK_OUT_OF_ORDER"))
            return
        timeout_s = -(-order.ring_timeout_ms // 1000) + self._config.acd_ring_slack_s
        try:
            command = fs.originate(
                self._endpoint(order.extension),
                fs.park(),
                variables=legs.of_an_agent(tenant, order),
                timeout_s=timeout_s,
            )
        except UnsafeArgument as unsafe:
            log.warning("agent_cannot_be_dialled", agent_id=order.agent_id, field=unsafe.field)
            self._router.tell(tenant, stimuli.LegGone(order.offer_id, "INVALID_NUMBER_FORMAT"))
            return
        self._rings.add(order.offer_id)
        self._rung_at = asyncio.get_running_loop().time()
        job = link.job(command, timeout_s=timeout_s + 10, caused_by=cause)
        job.add_done_callback(partial(self._rung, tenant, order.offer_id))

    # ------------------------------------------------------------ calling back

    def _dial(self, tenant: str, link: Link | None, order: commands.Dial, cause: Event | None) -> None:
        def failed(why: str) -> None:
            self._router.tell(tenant, stimuli.DialFailed(order.contact_id, order.call_id, why))

        if link is None or not link.up:
            failed("NETWORK_OUT_OF_ORDER")
            return
        timeout_s = -(-order.ring_timeout_ms // 1000)
        try:
            shown = self._outside.shown or order.shown
            command = fs.originate(
                self._outside.endpoint(order.number),
                fs.park(),
                variables=legs.of_a_customer(tenant, order, shown),
                timeout_s=timeout_s,
            )
        except UnsafeArgument as unsafe:
            log.warning("customer_cannot_be_dialled", contact_id=order.contact_id, field=unsafe.field)
            failed("INVALID_NUMBER_FORMAT")
            return
        self._rings.add(order.call_id)
        self._rung_at = asyncio.get_running_loop().time()
        job = link.job(command, timeout_s=timeout_s + 10, caused_by=cause)
        job.add_done_callback(partial(self._dialled, tenant, order, failed))

    def _dialled(
        self,
        tenant: str,
        order: commands.Dial,
        failed: Callable[[str], None],
        job: asyncio.Future[Event],
    ) -> None:
        """The originate's result: `+OK` once the customer picked up."""
        self._rings.discard(order.call_id)
        try:
            said = job.result().body.strip()
        except asyncio.CancelledError:
            return
        except EslError as problem:
            _failed("originate", problem)
            if not isinstance(problem, CommandTimedOut | LinkLost):
                failed("SWITCH_CONGESTION")
            return
        if said.startswith("+OK"):
            answered = stimuli.CustomerAnswered(order.contact_id, order.call_id, order.node)
            self._router.tell(tenant, answered, job.result())
        else:
            failed(said.removeprefix("-ERR").strip().split(" ")[0] or "SWITCH_CONGESTION")

    def _endpoint(self, extension: str) -> fs.DialString:
        if self._config.acd_agent_endpoint == "null":
            return fs.null(extension)
        return fs.user(extension, self._config.acd_agent_domain)

    def _rung(self, tenant: str, offer_id: str, job: asyncio.Future[Event]) -> None:
        """The originate's result: `+OK` once the agent picked up and the leg can be bridged."""
        self._rings.discard(offer_id)
        try:
            result = job.result()
        except asyncio.CancelledError:
            return
        except EslError as problem:
            _failed("originate", problem)
            # Link gone or no answer: whether it rings is unknown, its timer or the reconciler decides.
            if not isinstance(problem, CommandTimedOut | LinkLost):
                self._router.tell(tenant, stimuli.RingFailed(offer_id, "SWITCH_CONGESTION"))
            return
        said = result.body.strip()
        if said.startswith("+OK"):
            self._router.tell(tenant, stimuli.LegAnswered(offer_id), result)
        else:
            cause = said.removeprefix("-ERR").strip().split(" ")[0] or "SWITCH_CONGESTION"
            self._router.tell(tenant, stimuli.LegGone(offer_id, cause), result)

    def _bridge(self, tenant: str, link: Link, order: commands.Bridge, cause: Event | None) -> None:
        """The caller's leg is told who serves it first: a flow that goes on afterwards asks it.

        Where the caller goes is told to both legs: FreeSWITCH asks the agent's when that ends during a hold,
        and hangs the caller up when it says nothing.
        """
        names = {"sy_agent_id": order.agent_id, "sy_offer_id": order.offer_id}
        if order.kept:
            names[legs.KEPT_IN] = names[legs.KEPT_AFTER] = ""
        if order.after:
            names["transfer_after_bridge"] = order.after
        try:
            link.ask(fs.uuid_setvar_multi(order.call_id, names))
            if order.after:
                link.ask(fs.uuid_setvar(order.offer_id, "hold_hangup_xfer_exten", order.after))
            bridge = fs.uuid_bridge(order.call_id, order.offer_id)
        except UnsafeArgument as unsafe:
            log.warning("cannot_bridge", field=unsafe.field, offer_id=order.offer_id)
            self._router.tell(tenant, stimuli.BridgeFailed(order.offer_id, "INVALID_CALL_REFERENCE"))
            return
        answer = link.ask(bridge, caused_by=cause)
        answer.add_done_callback(partial(self._bridge_answered, tenant, order.offer_id))

    def _bridge_answered(self, tenant: str, offer_id: str, answer: Answer) -> None:
        """`+OK` only says that it will be tried: CHANNEL_BRIDGE says that it was done."""
        problem = None if answer.cancelled() else answer.exception()
        if isinstance(problem, EslError):
            _failed("uuid_bridge", problem)
        if isinstance(problem, CommandFailed):
            self._router.tell(tenant, stimuli.BridgeFailed(offer_id, problem.reply[:100]))

    def _kill(self, tenant: str, link: Link, order: commands.Kill, cause: Event | None, tries: int) -> None:
        if not link.up:
            return
        answer = link.ask(fs.uuid_kill(order.uuid, order.cause), caused_by=cause)
        answer.add_done_callback(partial(self._killed, tenant, link, order, tries))

    def _killed(self, tenant: str, link: Link, order: commands.Kill, tries: int, answer: Answer) -> None:
        problem = None if answer.cancelled() else answer.exception()
        if not isinstance(problem, CommandFailed):
            return  # done, or the link is gone and with it all we could do
        if order.uuid in self._rings and tries > 0:
            asyncio.get_running_loop().call_later(
                KILL_AGAIN_S, self._kill, tenant, link, order, None, tries - 1
            )
        else:
            self._router.tell(tenant, stimuli.LegGone(order.uuid, order.cause))

    def _hold(self, tenant: str, link: Link, order: commands.HoldLeg) -> Answer:
        command = fs.uuid_hold(order.offer_id) if order.on else fs.uuid_unhold(order.offer_id)
        answer = self._asked(link.ask(command), "uuid_hold")
        answer.add_done_callback(partial(self._held, tenant, order))
        return answer

    def _held(self, tenant: str, order: commands.HoldLeg, answer: Answer) -> None:
        if not answer.cancelled() and answer.exception() is None:
            done = stimuli.Held(order.offer_id) if order.on else stimuli.Retrieved(order.offer_id)
            self._router.tell(tenant, done)

    @staticmethod
    def _asked(answer: Answer, verb: str) -> Answer:
        def look(done: Answer) -> None:
            problem = None if done.cancelled() else done.exception()
            if isinstance(problem, EslError):
                _failed(verb, problem)

        answer.add_done_callback(look)
        return answer


def _failed(verb: str, problem: EslError) -> None:
    counted.FAILED_COMMANDS.labels(verb, type(problem).__name__).inc()
    log.warning("switch_refused", verb=verb, problem=str(problem)[:200])
