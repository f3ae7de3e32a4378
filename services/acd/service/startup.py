"""After a start: settings and people from the store; conversations follow from the switches (`reconcile`)."""

from __future__ import annotations

import structlog

from services.acd.engine import stimuli
from services.acd.service.router import Router
from services.acd.store import Stored
from services.chassis.errors import SwitchyardError

log = structlog.get_logger()


def restore(router: Router, found: dict[str, Stored]) -> None:
    """Tells each engine what its tenant had. One unusable row is logged and does not stop the start."""
    for tenant, stored in found.items():
        for queue in stored.queues:
            _tell(router, tenant, stimuli.PutQueue(queue))
        for agent in stored.agents:
            _tell(router, tenant, stimuli.PutAgents([agent]))
        for contact in stored.contacts:
            _tell(router, tenant, contact)
        for callback in stored.callbacks:
            _tell(router, tenant, callback)
        for state in stored.states:
            _tell(router, tenant, state)
        log.info(
            "restored",
            tenant=tenant,
            queues=len(stored.queues),
            agents=len(stored.agents),
            contacts=len(stored.contacts),
            callbacks=len(stored.callbacks),
        )


def _tell(router: Router, tenant: str, stimulus: stimuli.Stimulus) -> None:
    try:
        router.ask(tenant, stimulus)
    except SwitchyardError as refused:
        log.error("stored_row_refused", kind=type(stimulus).__name__, why=refused.sentence)  # noqa: TRY400
