"""Conferences at outcome level: who is in, muted or not, and kicked."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from freeswitch.simulator.channels import Channel


@dataclass(slots=True)
class Member:
    """One participant."""

    number: int
    channel: Channel
    muted: bool


class Conferences:
    """All rooms of the node."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[int, Member]] = {}
        self._numbers = itertools.count(1)

    def join(self, name: str, channel: Channel, *, muted: bool) -> int:
        number = next(self._numbers)
        self._rooms.setdefault(name, {})[number] = Member(number, channel, muted)
        self._announce(name, channel, "add-member")
        return number

    def leave(self, name: str, number: int) -> None:
        room = self._rooms.get(name, {})
        member = room.pop(number, None)
        if member is not None:
            self._announce(name, member.channel, "del-member")
        if not room:
            self._rooms.pop(name, None)

    def inside(self, name: str, number: int) -> bool:
        return number in self._rooms.get(name, {})

    @staticmethod
    def _announce(name: str, channel: Channel, action: str) -> None:
        channel.fire(
            "CUSTOM",
            before={
                "Event-Subclass": "conference::maintenance",
                "Conference-Name": name,
                "Action": action,
            },
            subclass="conference::maintenance",
        )

    def api(self, arg: str) -> str:
        words = arg.split()
        if not words or words == ["list"]:
            return "+OK No active conferences.\n" if not self._rooms else self._all()
        room = self._rooms.get(words[0])
        if room is None:
            return f"-ERR Conference {words[0]} not found\n"
        verb = words[1] if len(words) > 1 else "list"
        if verb == "list":
            return self._list(room)
        who = self._chosen(room, words[2] if len(words) > 2 else "all")
        if verb in {"mute", "unmute"}:
            for member in who:
                member.muted = verb == "mute"
            return "".join(f"+OK {verb} {member.number}\n" for member in who)
        if verb in {"kick", "hup"}:
            for member in who:
                self.leave(words[0], member.number)
                member.channel.wake()
            return "".join(f"+OK kicked {member.number}\n" for member in who)
        return f"-ERR Conference command '{verb}' not found\n"

    def _all(self) -> str:
        return "".join(f"Conference {name} ({len(room)} members)\n" for name, room in self._rooms.items())

    @staticmethod
    def _list(room: dict[int, Member]) -> str:
        lines = []
        for member in reversed(room.values()):
            profile = member.channel.profile
            flags = "hear" if member.muted else "hear|speak"
            lines.append(
                f"{member.number};{member.channel.name};{member.channel.uuid};"
                f"{profile.caller_id_name};{profile.caller_id_number};{flags};0;0;100\n"
            )
        return "".join(lines)

    @staticmethod
    def _chosen(room: dict[int, Member], who: str) -> list[Member]:
        everyone = list(reversed(room.values()))
        if who == "all":
            return everyone
        if who == "last":
            return everyone[:1]
        return [room[int(who)]] if who.isdigit() and int(who) in room else []
