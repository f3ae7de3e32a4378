"""Applications that play, record and listen to keys."""

from __future__ import annotations

import asyncio
import re

from freeswitch.simulator import bridge, dialstring
from freeswitch.simulator.channels import Channel
from freeswitch.simulator.waiting import Ended, OnDigit, application, wait

ALL_KEYS = "1234567890*#"
_TYPES = ("local_stream", "tone_stream")
PLAYED = "FILE PLAYED"
_ANSWERS = {None: "FILE NOT FOUND", Ended.GONE: "PLAYBACK ERROR"}


def terminators(channel: Channel) -> str:
    """Keys that stop a prompt: `*` unless the variable says otherwise."""
    wanted = channel.get("playback_terminators")
    if wanted is None:
        return "*"
    return {"any": ALL_KEYS, "none": ""}.get(wanted.lower(), wanted)


def _stopper(channel: Channel) -> OnDigit:
    keys = terminators(channel)

    def pressed(digit: str) -> bool:
        if digit in keys:
            channel.set("playback_terminator_used", digit)
            return True
        return False

    return pressed


async def play(channel: Channel, path: str, on_digit: OnDigit | None) -> Ended | None:
    """Play one file; None when it is not there."""
    seconds = channel.node.sounds.seconds(path)
    if seconds is None:
        return None
    channel.mark_early()
    if not channel.ready:
        return Ended.GONE
    what: dict[str, str | list[str]] = {}
    if path.partition(":")[0] in _TYPES:
        what["Playback-File-Type"] = path.partition(":")[0]
    what["Playback-File-Path"] = path
    channel.fire("PLAYBACK_START", after=dict(what))
    loop = asyncio.get_running_loop()
    started = loop.time()
    ended = await wait(channel, None if seconds == float("inf") else seconds, on_digit)
    sounded_ms = int(min(loop.time() - started, seconds) * 1_000)
    if ended is Ended.DONE:
        sounded_ms = int(seconds * 1_000)
    channel.set("playback_last_offset_pos", str(sounded_ms * 8))
    channel.set("playback_seconds", str(sounded_ms // 1_000))
    channel.set("playback_ms", str(sounded_ms))
    channel.set("playback_samples", str(sounded_ms * 8))
    status = "break" if ended in {Ended.BREAK, Ended.DIGIT} else "done"
    channel.fire("PLAYBACK_STOP", after={**what, "Playback-Status": status})
    return ended


def _files(channel: Channel, arg: str) -> list[str]:
    separator = channel.get("playback_delimiter")
    return [one for one in arg.split(separator) if one] if separator else [arg]


async def _playback(channel: Channel, arg: str) -> Ended | None:
    channel.set("playback_terminator_used", None)
    path = re.sub(r"^\{[^}]*\}", "", arg).partition("@@")[0]
    ended: Ended | None = None
    for one in _files(channel, path):
        ended = await play(channel, one, _stopper(channel))
        if ended in {Ended.GONE, Ended.BREAK, Ended.DIGIT}:
            break
    channel.set("current_application_response", _ANSWERS.get(ended, PLAYED))
    return ended


@application("playback")
async def playback(channel: Channel, arg: str) -> None:
    await _playback(channel, arg)


@application("loop_playback")
async def loop_playback(channel: Channel, arg: str) -> None:
    count, _, path = arg.strip().lstrip("+").partition(" ")
    times = int(count) if count.lstrip("-").isdigit() else 1
    turn = 0
    while (times < 0 or turn < times) and channel.ready:
        turn += 1
        if await _playback(channel, path.strip()) is not Ended.DONE:
            return


@application("endless_playback")
async def endless_playback(channel: Channel, arg: str) -> None:
    while channel.ready:
        ended = await play(channel, arg, lambda _: False)
        if ended is not Ended.DONE:
            return


@application("break")
async def break_app(channel: Channel, arg: str) -> None:
    channel.break_now = 1


# -- digits


class Collector:
    """Digits until a terminator, enough of them, or silence."""

    def __init__(self, most: int, ends: str) -> None:
        self.most = most
        self.ends = ends
        self.digits = ""
        self.ended_by = ""

    @property
    def full(self) -> bool:
        return bool(self.ended_by) or len(self.digits) >= self.most

    def take(self, digit: str) -> bool:
        if digit in self.ends:
            self.ended_by = digit
        else:
            self.digits += digit
        return True


async def collect(
    channel: Channel,
    least: int,
    most: int,
    path: str,
    name: str,
    timeout_ms: int,
    ends: str,
    digit_timeout_ms: int,
) -> tuple[str, str]:
    """switch_ivr_read: the digits and `success`, `timeout` or `failure`."""
    keyed = Collector(most, "" if ends.lower() == "none" else ends)
    channel.set("read_terminator_used", None)
    ended: Ended | None = Ended.DONE
    while channel.digits and not keyed.full:
        keyed.take(channel.take_digit())
    if path and not keyed.digits and not keyed.ended_by:
        for one in _files(channel, path):
            ended = await play(channel, one, keyed.take)
            if ended in {Ended.GONE, Ended.DIGIT, Ended.BREAK}:
                break
    first = True
    while channel.ready and not keyed.full:
        patience_ms = timeout_ms if first and not keyed.digits else digit_timeout_ms or timeout_ms
        first = False
        if await wait(channel, patience_ms / 1_000, keyed.take) is not Ended.DIGIT:
            break
    return _read_result(channel, keyed, least, name)


def _read_result(channel: Channel, keyed: Collector, least: int, name: str) -> tuple[str, str]:
    if keyed.ended_by:
        channel.set("read_terminator_used", keyed.ended_by)
    enough = len(keyed.digits) >= least
    status = "success" if enough and keyed.full else "timeout" if not keyed.full else "failure"
    if name:
        channel.set(name, keyed.digits if enough or keyed.digits else None)
    channel.set("read_result", status)
    return keyed.digits, status


@application("read")
async def read(channel: Channel, arg: str) -> None:
    words = [*dialstring.words(arg), *[""] * 7]
    least = max(_int(words[0], 1), 1)
    most = max(_int(words[1], least), least)
    await collect(
        channel,
        least,
        most,
        words[2],
        words[3],
        max(_int(words[4], 1_000), 1_000),
        words[5] or "#",
        _int(words[6], 0),
    )


@application("play_and_get_digits")
async def play_and_get_digits(channel: Channel, arg: str) -> None:
    """<min> <max> <tries> <timeout> <terminators> <file> <invalid file> [var [regexp [digit_timeout
    [transfer on failure]]]]"""
    words = [*dialstring.words(arg), *[""] * 11]
    least = max(_int(words[0], 0), 0)
    most = max(_int(words[1], least), least)
    tries, timeout_ms = _int(words[2], 1), max(_int(words[3], 1_000), 1_000)
    name, pattern = words[7], words[8]
    if name and pattern:
        channel.set(f"{name}_invalid", None)
    for _ in range(tries):
        if not channel.ready:
            return
        digits, status = await collect(
            channel, least, most, words[5], name, timeout_ms, words[4] or "#", _int(words[9], 0)
        )
        if least == 0 and not digits and channel.get("read_terminator_used"):
            return
        if status != "failure" and digits and len(digits) >= least:
            if not pattern or re.search(_python(pattern), digits):
                return
            if name:
                channel.set(name, None)
                channel.set(f"{name}_invalid", digits)
        if channel.ready and words[6]:
            await play(channel, words[6], None)
    if words[10] and channel.ready:
        bridge.transfer(channel, *words[10].split(" ")[:3])


def _int(text: str, default: int) -> int:
    return int(text) if text.lstrip("-").isdigit() else default


def _python(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error:
        return "(?!)"
    return pattern


@application("send_dtmf")
async def send_dtmf(channel: Channel, arg: str) -> None:
    """Towards the person on this leg; a bridged partner's application hears nothing of it."""


# -- recording


@application("record")
async def record(channel: Channel, arg: str) -> None:
    """Voicemail: until a terminator, the limit, or the hang-up. Silence detection is not simulated."""
    words = dialstring.words(arg)
    if not words:
        return
    limit = _int(words[1].lstrip("+"), 0) if len(words) > 1 else 0
    path = words[0]
    channel.mark_early()
    channel.set("playback_terminator_used", None)
    channel.fire("RECORD_START", after={"Record-File-Path": path})
    loop = asyncio.get_running_loop()
    started = loop.time()
    ended = await wait(channel, limit or None, _stopper(channel))
    length_ms = int((loop.time() - started) * 1_000)
    cause = {Ended.DIGIT: "success-silence", Ended.GONE: "success-silence"}.get(ended, "success-maxtime")
    channel.node.recorder.measured(channel, path, length_ms, cause)
    channel.fire("RECORD_STOP", after={"Record-File-Path": path, "Record-Completion-Cause": cause})
    channel.node.ledger.voicemail(channel, max(length_ms, 1))


@application("record_session")
async def record_session(channel: Channel, arg: str) -> None:
    channel.node.recorder.start(channel, arg.partition("+")[0].strip())


@application("stop_record_session")
async def stop_record_session(channel: Channel, arg: str) -> None:
    channel.node.recorder.stop(channel, arg.strip())


@application("displace_session")
async def displace_session(channel: Channel, arg: str) -> None:
    channel.displaced.add(arg.partition(" ")[0])
