"""A call as a transcript: what happens on the left, what the engine wants done on the right."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.ivr import flows
from services.ivr.domain import Flow
from services.ivr.engine import Caller, Run
from services.ivr.engine import commands as do
from services.ivr.engine import events as on

DEFAULT = Path(flows.__file__).with_name("default.yaml").read_text()
README = Path(flows.__file__).parent.with_name("README.md").read_text(encoding="utf-8")
_, _NAME, _REST = README.partition("flow: by_department\n")
BY_DEPARTMENT = _NAME + _REST.partition("```")[0]
"""The README's example, which people copy."""
KNOWN = Caller(number="+8613800000001", called="10050")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def any_prompt(name: str, language: str) -> bool:
    return bool(name and language)


def read(source: str = DEFAULT) -> Flow:
    return flows.read(source, any_prompt)


@dataclass
class Playbook:
    """Plays events into a run and keeps what came of them."""

    flow: Flow = field(default_factory=read)
    caller: Caller = KNOWN
    now: datetime = NOON
    run: Run = field(init=False)
    said: list[do.Command] = field(default_factory=list)
    log: list[do.Command | on.Event] = field(default_factory=list)
    """What was said, and what happened before it."""

    def __post_init__(self) -> None:
        self.run = Run(self.flow, self.caller)

    def tell(self, *events: on.Event, after_s: float = 0.0) -> list[do.Command]:
        """All commands that the events caused."""
        self.now += timedelta(seconds=after_s)
        caused: list[do.Command] = []
        for event in events:
            commands = self.run.handle(event, self.now)
            self.log += [event, *commands]
            caused += commands
        self.said += caused
        return caused

    def heard(self, *, failed: bool = False, after_s: float = 5.0) -> list[do.Command]:
        """What plays now comes to its end."""
        return self.tell(on.PlaybackEnded(self.run.playing, failed), after_s=after_s)

    def key(self, key: str) -> list[do.Command]:
        return self.tell(on.Digit(key))

    def fires(self, timer: str, after_s: float = 0.0) -> list[do.Command]:
        assert self.run.runs(timer), f"{timer!r} does not run"
        return self.tell(on.TimerFired(timer), after_s=after_s)

    def plays(self) -> tuple[str, ...]:
        """What the caller hears now."""
        played = [c for c in self.said if isinstance(c, do.Play) and c.playback == self.run.playing]
        return played[-1].prompts if played else ()

    def at(self) -> str:
        return self.run.node.name if self.run.node else ""

    def in_queue(self) -> Playbook:
        """A caller who chose sales and waits."""
        self.tell(on.Started())
        self.heard()
        self.key("1")
        self.heard()
        self.tell(on.Placed(3))
        return self


def variables(commands: list[do.Command]) -> dict[str, str]:
    """All variables set, the last word of each."""
    merged: dict[str, str] = {}
    for command in commands:
        if isinstance(command, do.SetVariables):
            merged |= command.variables
    return merged
