"""The two kinds of things we send. Only the builders beside this file make them."""

from __future__ import annotations

from dataclasses import dataclass, field

_BUILDER = object()
"""Handed over by our builders: a text from elsewhere cannot become a command by accident."""


@dataclass(frozen=True, slots=True)
class Command:
    """An api command such as `uuid_bridge A B`. Made by the builders of `commands` only."""

    verb: str
    args: str = field(default="", repr=False)
    made_by: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _refuse_strangers(self.made_by, self.verb + self.args)

    @property
    def text(self) -> str:
        """What goes after `api ` or `bgapi `."""
        return f"{self.verb} {self.args}" if self.args else self.verb


@dataclass(frozen=True, slots=True)
class App:
    """A dialplan application such as `playback FILE`, for `OutboundCall.execute` and `originate`."""

    name: str
    arg: str = field(default="", repr=False)
    loops: int = 1
    made_by: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _refuse_strangers(self.made_by, self.name + self.arg)


def _refuse_strangers(made_by: object, text: str) -> None:
    if made_by is not _BUILDER:
        raise TypeError("commands are made by services.chassis.esl.commands only")
    if not text.isprintable():
        raise ValueError("a line break or control character reached a command")


def command(verb: str, *args: str) -> Command:
    """For the builders: joins arguments which were checked already."""
    return Command(verb, " ".join(args), _BUILDER)


def app(name: str, arg: str = "", *, loops: int = 1) -> App:
    """For the builders: an application with an argument which was checked already."""
    return App(name, arg, loops, _BUILDER)
