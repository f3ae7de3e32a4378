"""One engine for each tenant, one place where they are told things and where their commands go.

Everything here runs in one turn of the event loop: telling an engine never waits, so nothing can come
between a decision and its commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from services.acd.bus import Announcer
from services.acd.config import AcdConfig
from services.acd.domain import LeftQueue, RecordingRule
from services.acd.engine import Engine, commands, stimuli, views
from services.acd.engine.floor import Policy
from services.acd.journal import Begin, Journal
from services.acd.service import counted
from services.chassis import clock, ids
from services.chassis.errors import Full, SwitchyardError, Unavailable
from services.chassis.esl import Event

log = structlog.get_logger()

Answer = asyncio.Future[str]
Carrier = Callable[[str, commands.Order, Event | None], "Answer | None"]
Teller = Callable[[str, commands.Expel], None]


def policy_of(config: AcdConfig) -> Policy:
    """The engine's bounds as configured."""
    return Policy(
        misses_before_aside=config.acd_misses_before_aside,
        rest_ms=config.acd_rest_after_miss_ms,
        switch_pause_ms=config.acd_switch_pause_ms,
        bridge_timeout_ms=config.acd_bridge_timeout_ms,
        leg_gone_timeout_ms=config.acd_leg_gone_timeout_ms,
        word_grace_ms=config.acd_word_grace_ms,
        node_lost_ms=config.acd_node_lost_s * 1000,
        forget_ms=config.acd_forget_s * 1000,
        remember_max=config.acd_remember_max,
        handling_ms=config.acd_handling_s * 1000,
        callbacks_max=config.acd_callbacks_max,
        dialled_max=config.acd_callbacks_at_once,
        record=RecordingRule[config.acd_recording.upper()],
        recording_ms=config.acd_recording_timeout_ms,
    )


DAY_MS = 86_400_000
LATER_MAX = 100_000  # things told while we may not act; more, and it is better to begin anew
DAY_POLL_S = 60.0
PERMIT_POLL_S = 0.02  # how often who may not act looks whether it may again


class Router:
    """`tell` it what happened. `carry` and `expel` are set by whoever commands switches and holders.

    `permit` is asked before an engine hears anything: this is where an owner stops that is none any more.
    What it had decided already is stopped by the links (`esl.Link`), the bus and the store.
    """

    carry: Carrier
    expel: Teller

    def __init__(
        self,
        config: AcdConfig,
        announcer: Announcer,
        journal: Journal,
        *,
        now_ms: Callable[[], int] = clock.now_ms,
        new_id: Callable[[], str] = ids.new_id,
        permit: Callable[[], bool] = lambda: True,
        serves: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.engines: dict[str, Engine] = {}
        self.now_ms = now_ms
        self._policy = policy_of(config)
        self._tenants_max = config.acd_tenants_max
        self._told_within_s = config.acd_told_within_ms / 1000
        self._announcer = announcer
        self._journal = journal
        self._new_id = new_id
        self._ids: list[str] = []
        self._later: deque[tuple[str, stimuli.Stimulus, Event | None]] = deque()
        self._telling = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        self._again: asyncio.TimerHandle | None = None
        self._stopped = False
        self.overrun = False
        """Whether something was forgotten that an engine should have been told."""
        self._up: set[str] = set()
        self._permit = permit
        self.serves = serves

    def engine(self, tenant: str) -> Engine:
        """The tenant's engine, made when first asked for. Raises Full, and Unavailable for another's."""
        engine = self.engines.get(tenant)
        if engine is None:
            if not self.serves(tenant):
                raise Unavailable("acd")
            if len(self.engines) >= self._tenants_max:
                raise Full(f"This ACD serves {self._tenants_max} tenants already.")
            engine = self.engines[tenant] = Engine(self._id, self._policy)
            self._journal.note(tenant, Begin(self._policy), self.now_ms(), [])
            for node in sorted(self._up):
                self._told(tenant, engine, stimuli.NodeUp(node))
        return engine

    def _id(self) -> str:
        made = self._new_id()
        self._ids.append(made)
        return made

    def _told(self, tenant: str, engine: Engine, stimulus: stimuli.Stimulus) -> list[commands.Command]:
        """Tells the engine, and the journal. What the engine refuses has changed nothing."""
        self._ids = []
        out = engine.handle(stimulus, self.now_ms())
        self._journal.note(tenant, stimulus, engine.floor.now, self._ids)
        return out

    # ------------------------------------------------------------ telling

    def ask(self, tenant: str, stimulus: stimuli.Stimulus) -> list[Answer]:
        """As `tell`, for who wants to hear: raises what the engine refuses, gives the switch's answers.

        Raises Unavailable while we may not act, and once we have ceased to.
        """
        if self._stopped or not self._permit():
            raise Unavailable("acd")
        out = self._handle(tenant, stimulus)
        answers = self._carry_out(tenant, out, None)
        self._catch_up()
        return answers

    async def told(self) -> None:
        """Waits until what was announced so far is in the stream, or that takes too long: routing does not
        depend on NATS. Raises Unavailable when it is not ours to tell any more."""
        await self._announcer.told(self._told_within_s)
        if not self._permit():
            raise Unavailable("acd")

    def tell(self, tenant: str, stimulus: stimuli.Stimulus, cause: Event | None = None) -> None:
        """Something happened. What is told while commands are carried out waits for its turn.

        So does what is told while we may not act: to the engine it is as if time stood still.
        """
        if self._stopped or self.overrun or not self.serves(tenant):
            return
        self.overrun = len(self._later) >= LATER_MAX
        self._later.append((tenant, stimulus, cause))
        if not self._telling:
            self._catch_up()

    def _catch_up(self) -> None:
        if self._telling:
            return
        later = self._later
        while later and self._permit():
            tenant, stimulus, cause = later.popleft()
            try:
                self._carry_out(tenant, self._handle(tenant, stimulus), cause)
            except SwitchyardError as refused:
                log.debug("stimulus_refused", kind=type(stimulus).__name__, why=refused.sentence)
        if later:
            self._look_again()
        else:
            self._arm()

    def _look_again(self) -> None:
        if self._again is None and not self._stopped:
            self._again = asyncio.get_running_loop().call_later(PERMIT_POLL_S, self._try_again)

    def _try_again(self) -> None:
        self._again = None
        self._catch_up()

    def _handle(self, tenant: str, stimulus: stimuli.Stimulus) -> list[commands.Command]:
        counted.STIMULI.inc()
        return self._told(tenant, self.engine(tenant), stimulus)

    def _carry_out(self, tenant: str, out: list[commands.Command], cause: Event | None) -> list[Answer]:
        """Switches first: a caller waits for them, nobody waits for an announcement."""
        answers = []
        outer, self._telling = self._telling, True
        try:
            for command in out:
                if isinstance(command, commands.Order):
                    answer = self.carry(tenant, command, cause)
                    if answer is not None:
                        answers.append(answer)
                elif isinstance(command, commands.Expel):
                    self.expel(tenant, command)
            for command in out:
                if isinstance(command, commands.Mended):
                    counted.MENDED.labels(command.what).inc()
                    log.warning("mended", what=command.what, about=command.about)
                elif not isinstance(command, commands.Order | commands.Expel):
                    _count(command)
                    self._announcer.announce(tenant, command)
        finally:
            self._telling = outer
        return answers

    # ------------------------------------------------------------ time

    def _arm(self) -> None:
        """One timer for all engines, set for the earliest thing that is due."""
        if self._stopped:
            return
        due = min((e.next_due for e in self.engines.values() if e.next_due is not None), default=None)
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        delay_s = max(due - self.now_ms(), 0) / 1000
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self.now_ms()
        for tenant, engine in list(self.engines.items()):
            if engine.next_due is not None and engine.next_due <= now:
                self.tell(tenant, stimuli.Tick())
        self._arm()

    def stop(self) -> None:
        """No timer fires any more, and nothing is told to an engine."""
        self._stopped = True
        self._later.clear()
        for timer in (self._timer, self._again):
            if timer is not None:
                timer.cancel()
        self._timer = self._again = None

    # ------------------------------------------------------------ all tenants at once

    def node_up(self, node: str, detail: str = "") -> None:
        self._up.add(node)
        counted.NODE_UP.labels(node).set(1)
        for tenant in list(self.engines):
            self.tell(tenant, stimuli.NodeUp(node, detail))

    def node_down(self, node: str, detail: str) -> None:
        self._up.discard(node)
        counted.NODE_UP.labels(node).set(0)
        for tenant in list(self.engines):
            self.tell(tenant, stimuli.NodeDown(node, detail))

    def new_day(self) -> None:
        for tenant in list(self.engines):
            self.tell(tenant, stimuli.NewDay())

    async def keep_days(self) -> None:
        """Starts the live counters again at each midnight UTC, for ever."""
        day = self.now_ms() // DAY_MS
        while True:
            left_s = (DAY_MS - self.now_ms() % DAY_MS) / 1000
            await asyncio.sleep(min(left_s, DAY_POLL_S) + 0.01)  # our clock may go slower than the loop's
            if (today := self.now_ms() // DAY_MS) > day:
                day = today
                self.new_day()

    def gauge(self) -> None:
        """Brings the gauges up to date."""
        for tenant, engine in self.engines.items():
            for figures in views.figures(engine.floor, self.now_ms()).queues:
                counted.WAITING.labels(tenant, figures.queue).set(figures.waiting)


def _count(fact: Any) -> None:
    if isinstance(fact, commands.ContactOffered):
        counted.OFFERS.labels(fact.queue).inc()
    elif isinstance(fact, commands.ContactAnswered):
        counted.ANSWERED.labels(fact.queue).inc()
        counted.WAIT.labels(fact.queue).observe(fact.waited_ms / 1000)
    elif isinstance(fact, commands.ContactLeftQueue):
        if fact.reason is LeftQueue.CALLER_HUNG_UP:
            counted.ABANDONED.labels(fact.queue).inc()
    elif isinstance(fact, commands.RecordingStarted):
        counted.RECORDINGS.inc()
    elif isinstance(fact, commands.RecordingFailed):
        counted.RECORDINGS_FAILED.labels(fact.reason.value).inc()
        log.error(
            "recording_failed",
            contact_id=fact.contact_id,
            queue=fact.queue,
            node=fact.node,
            why=fact.reason.value,
            detail=fact.detail[:200],
        )
    elif isinstance(fact, commands.ContactEnded):
        counted.ENDED.labels(fact.outcome.name.lower()).inc()
