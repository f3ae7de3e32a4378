"""What one connection wants to hear: `event`, `nixevent`, `filter`, `myevents`."""

from __future__ import annotations

import re

from freeswitch.simulator.events import Event, Value, flat

EVENT_NAMES = frozenset(
    """CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER
    CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD
    CHANNEL_UNHOLD CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA
    CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK CHANNEL_APPLICATION CHANNEL_ORIGINATE CHANNEL_UUID
    API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN PUBLISH UNPUBLISH TALK NOTALK SESSION_CRASH
    MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN NOTIFY_IN PRESENCE_OUT PRESENCE_PROBE
    MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC BACKGROUND_JOB DETECTED_SPEECH DETECTED_TONE
    PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE RE_SCHEDULE RELOADXML
    NOTIFY PHONE_FEATURE PHONE_FEATURE_SUBSCRIBE SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS
    CHANNEL_DATA GENERAL COMMAND SESSION_HEARTBEAT CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO
    RECV_INFO RECV_RTCP_MESSAGE SEND_RTCP_MESSAGE CALL_SECURE NAT RECORD_START RECORD_STOP
    PLAYBACK_START PLAYBACK_STOP CALL_UPDATE FAILURE SOCKET_DATA MEDIA_BUG_START MEDIA_BUG_STOP
    CONFERENCE_DATA_QUERY CONFERENCE_DATA CALL_SETUP_REQ CALL_SETUP_RESULT CALL_DETAIL DEVICE_STATE
    TEXT SHUTDOWN_REQUESTED ALL""".split()  # noqa: SIM905 - a hundred quoted lines read worse
)

# What myevents switches on; PLAYBACK_*, CALLSTATE, HOLD and RECORD_* are not among them.
MY_EVENTS = frozenset(
    """CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY
    CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE
    CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_PROGRESS
    CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK DETECTED_SPEECH DTMF NOTALK
    TALK""".split()  # noqa: SIM905 - the same
)
FORMATS = ("plain", "json", "xml")
_ALL_BUT_ALL = EVENT_NAMES - {"ALL"}


class Filter:
    """One `filter` line. Equal text (case does not matter) or /regex/; a leading `-` forbids."""

    __slots__ = ("header", "negative", "pattern", "text", "value")

    def __init__(self, header: str, value: str) -> None:
        self.header = header
        self.value = value
        text = value.lstrip("+- ")
        self.negative = "-" in value[: len(value) - len(text)]
        self.text = text.lower()
        self.pattern = _regex(value) if value.startswith("/") else None

    def matches(self, value: Value) -> bool:
        text = flat(value)
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        return text.lower() == self.text


def _regex(value: str) -> re.Pattern[str]:
    body, _, flags = value[1:].rpartition("/")
    try:
        return re.compile(body or value[1:], re.IGNORECASE if "i" in flags and body else 0)
    except re.error:
        return re.compile("(?!)")  # FreeSWITCH logs a broken pattern and matches nothing


class Subscription:
    """The event list, filters and format of one connection."""

    def __init__(self) -> None:
        self.format = "plain"
        self.enabled = False
        self.wanted: set[str] = set()
        self.subclasses: set[str] = set()
        self.all_subclasses = False
        self.mine = False
        self.filters: list[Filter] = []

    @property
    def everything(self) -> bool:
        return "ALL" in self.wanted

    def event(self, words: list[str]) -> str:
        """The answer to `event …`; what follows CUSTOM are subclasses (transcript 07c)."""
        if words and words[0].lower() in FORMATS:
            self.format = words.pop(0).lower()
        known = 0
        custom = False
        for word in words:
            name = word.upper()
            if custom:
                self.subclasses.add(word)
            elif name in EVENT_NAMES:
                known += 1
                custom = name == "CUSTOM"
                self._want(name)
        if not known:
            return "-ERR no keywords supplied"
        self.enabled = True
        return f"+OK event listener enabled {self.format}"

    def _want(self, name: str) -> None:
        self.wanted.add(name)
        if name == "ALL":
            self.wanted |= EVENT_NAMES
            self.all_subclasses = True

    def nix(self, words: list[str]) -> str:
        known = 0
        custom = False
        for word in words:
            name = word.upper()
            if custom:
                self.subclasses.discard(word)
            elif name in EVENT_NAMES:
                known += 1
                custom = name == "CUSTOM"
                self._nix(name)
        if not known:
            return "-ERR no keywords supplied"
        self.enabled = True
        return "+OK events nixed"

    def _nix(self, name: str) -> None:
        if name == "ALL":
            self.wanted.clear()
        elif name != "CUSTOM":
            if "ALL" in self.wanted:
                self.wanted = set(_ALL_BUT_ALL)
            self.wanted.discard(name)

    def none(self) -> str:
        if not self.enabled:
            return "-ERR not listening for events"
        self.enabled = False
        self.wanted.clear()
        self.subclasses.clear()
        self.all_subclasses = False
        return "+OK no longer listening for events"

    def filter(self, text: str) -> str:
        header, _, value = text.strip().partition(" ")
        if header.lower() == "delete" and value:
            return self._unfilter(value)
        if header.lower() == "add" and value:
            header, _, value = value.partition(" ")
        if not value:
            return "-ERR invalid syntax"
        self.filters.append(Filter(header, value))
        return f"+OK filter added. [{header}]=[{value}]"

    def _unfilter(self, text: str) -> str:
        header, _, value = text.partition(" ")
        if header.lower() == "all":
            self.filters.clear()
        else:
            self.filters = [
                one
                for one in self.filters
                if one.header.lower() != header.lower() or (value and one.value != value)
            ]
        return f"+OK filter deleted. [{header}][{value}]"

    def my_events(self) -> str:
        if self.mine:
            return "-ERR aready enabled."  # sic
        self.mine = True
        self.enabled = True
        self.wanted |= MY_EVENTS
        return "+OK Events Enabled"

    def passes(self, event: Event) -> bool:
        """The filters: any one match lets an event through, a negative match stops it."""
        if not self.filters:
            return True
        send = False
        for one in self.filters:
            value = event.get(one.header)
            if value is None or (send and not one.negative):
                continue
            if one.matches(value):
                if one.negative:
                    return False
                send = True
        return send
