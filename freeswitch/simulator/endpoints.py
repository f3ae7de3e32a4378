"""What can be dialled: phones, the outside world, null, loopback, and what cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from freeswitch.simulator import causes
from freeswitch.simulator.channels import Channel, micros, new_uuid
from freeswitch.simulator.dialstring import Leg
from freeswitch.simulator.profile import CallerProfile

if TYPE_CHECKING:
    from freeswitch.simulator.node import Simulator
    from freeswitch.simulator.originate import Dial

Start = Callable[[], None]
Opened = tuple[Channel, Start]
PROFILES = frozenset(("internal", "external", "agents", "trunk"))


class Refused(Exception):
    """Known before a channel exists."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Endpoints:
    """Makes channels for dial strings and for callers who arrive."""

    def __init__(self, node: Simulator) -> None:
        self.node = node
        self._session = 0

    # -- out

    def open(self, leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        makers: dict[str, Callable[[Leg, str, dict[str, str], Dial], Opened]] = {
            "user": self._user,
            "sofia": self._sofia,
            "null": self._null,
            "loopback": self._loopback,
            "error": self._error,
        }
        maker = makers.get(leg.endpoint)
        if maker is None:
            raise Refused("CHAN_NOT_IMPLEMENTED")
        return maker(leg, uuid, variables, attempt)

    def _user(self, leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        extension, _, domain = leg.where.partition("@")
        domain = domain or self.node.domain
        settings = self.node.settings
        phone = self.node.people.phone(extension)
        absent = settings.unknown_users_absent and not self.node.people.knows(extension)
        if extension in settings.no_such_users or absent:
            raise Refused("SUBSCRIBER_ABSENT")
        mode = self.node.faults.phone_mode(phone.mode)
        if mode == "unregistered":
            raise Refused("USER_NOT_REGISTERED")
        name = f"sofia/agents/{extension}@{domain}"
        channel = self._outbound(uuid, name, extension, variables, attempt)
        channel.presence_id = f"{extension}@{domain}"
        for key, value in (
            ("presence_id", channel.presence_id),
            ("dialed_user", extension),
            ("dialed_domain", domain),
            ("sip_profile_name", "agents"),
        ):
            channel.set(key, value)
        return channel, lambda: self.node.people.ring(channel, extension, mode)

    def _sofia(self, leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        parts = leg.where.split("/")
        if parts[0] == "gateway" and len(parts) >= 3:
            number = parts[2].partition("@")[0]
            name = f"sofia/trunk/{number}@{parts[1]}"
        elif parts[0] in PROFILES and len(parts) >= 2:
            number = parts[1].partition("@")[0].partition("%")[0]
            name = f"sofia/{leg.where}"
        else:
            raise Refused("INVALID_PROFILE")
        channel = self._outbound(uuid, name, number, variables, attempt)
        mode = self.node.faults.phone_mode(self.node.people.outside(number).mode)
        return channel, lambda: self.node.people.ring(channel, number, mode)

    def _null(self, leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        channel = self._outbound(uuid, f"null/{leg.where}", leg.where, variables, attempt)
        channel.codec = "L16"
        channel.has_codec = True
        channel.profile.source = "mod_loopback"
        channel.profile.network_addr = channel.profile.callee_id_name = ""
        delay = "0"
        if variables.get("null_enable_auto_answer") == "true":
            delay = variables.get("null_auto_answer_delay", "0")
        seconds = int(delay) / 1_000 if delay.isdigit() else 0.0

        def start() -> None:
            asyncio.get_running_loop().call_later(seconds, channel.mark_answered)

        return channel, start

    def _loopback(self, leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        parts = [*leg.where.split("/"), "", ""]
        extension, context, dialplan = parts[0], parts[1] or "default", parts[2] or "XML"
        a = self._outbound(uuid, f"loopback/{extension}-a", extension, variables, attempt)
        b = self._channel(
            new_uuid(),
            CallerProfile(
                direction="inbound",
                uuid="",
                channel_name=f"loopback/{extension}-b",
                dialplan=dialplan,
                context=context,
                caller_id_name=a.profile.caller_id_name,
                caller_id_number=a.profile.caller_id_number,
                destination_number=extension,
                source="mod_loopback",
            ),
        )
        for channel, other in ((a, b), (b, a)):
            channel.codec = "L16"
            channel.profile.source = "mod_loopback"
            channel.set("other_loopback_leg_uuid", other.uuid)
        a.on_event.append(lambda one, event: _follow(event, "CHANNEL_HANGUP", one, b))
        b.on_event.append(lambda one, event: _follow(event, "CHANNEL_HANGUP", one, a))
        b.on_event.append(lambda _, event: a.mark_answered() if event == "CHANNEL_ANSWER" else None)
        return a, lambda: self.node.launch(b)

    @staticmethod
    def _error(leg: Leg, uuid: str, variables: dict[str, str], attempt: Dial) -> Opened:
        raise Refused(causes.known(leg.where))

    def _outbound(
        self, uuid: str, name: str, number: str, variables: dict[str, str], attempt: Dial
    ) -> Channel:
        by = attempt.by
        cid_name = variables.get("origination_caller_id_name", "")
        cid_number = variables.get("origination_caller_id_number", "")
        if by is not None:
            cid_name = cid_name or by.get("effective_caller_id_name") or by.profile.caller_id_name
            cid_number = cid_number or by.get("effective_caller_id_number") or by.profile.caller_id_number
        cid_number = cid_number or "0000000000"
        profile = CallerProfile(
            direction="outbound",
            uuid=uuid,
            channel_name=name,
            # What stands before a colon does not survive (transcript 22: "Queue: Sales" rings as " Sales").
            caller_id_name=cid_name.partition(":")[2] or cid_name,
            caller_id_number=cid_number,
            orig_caller_id_name=cid_name,
            orig_caller_id_number=cid_number,
            callee_id_name="Outbound Call",
            callee_id_number=number,
            network_addr="127.0.0.1",
            ani=cid_number,
            destination_number=number,
            source="src/switch_ivr_originate.c",
        )
        channel = self._channel(uuid, profile)
        channel.set("is_outbound", "true")
        channel.set("originate_early_media", "true")
        channel.set("originate_endpoint", name.partition("/")[0])
        return channel

    # -- in

    def arrive(self, number: str, called: str, name: str, context: str) -> Channel:
        """A caller comes in on the trunk."""
        where = "198.51.100.7"
        profile = CallerProfile(
            direction="inbound",
            uuid="",
            # As in the SIP address, where no line end can stand: notices carry it unescaped.
            channel_name=f"sofia/trunk/{quote(number, safe='+*#')}@{where}",
            username=number,
            dialplan="XML",
            caller_id_name=name or number,
            caller_id_number=number,
            orig_caller_id_name=name or number,
            orig_caller_id_number=number,
            network_addr=where,
            ani=number,
            destination_number=called,
            context=context,
        )
        channel = self._channel(new_uuid(), profile)
        channel.put(_sip_variables(channel, number, called, name, where))
        return channel

    def _channel(self, uuid: str, profile: CallerProfile) -> Channel:
        now = micros()
        profile.uuid = uuid
        profile.created_us = profile.profile_created_us = now
        channel = Channel(self.node, uuid, profile.channel_name, profile)
        self._session += 1
        channel.put(
            {
                "variable_direction": profile.direction,
                "variable_uuid": uuid,
                "variable_call_uuid": uuid,
                "variable_session_id": str(self._session),
                "variable_channel_name": profile.channel_name,
            }
        )
        if channel.inbound:
            channel.set("endpoint_disposition", "RECEIVED")
        return channel

    @property
    def sessions(self) -> int:
        return self._session

    @staticmethod
    def media_variables(channel: Channel) -> None:
        """What an answered leg says about its sound."""
        channel.put(_MEDIA if channel.codec == "PCMU" else _MEDIA_L16)


def _follow(event: str, name: str, one: Channel, other: Channel) -> None:
    if event == name:
        other.hangup(one.hangup_cause)


_MEDIA = {
    "variable_rtp_use_codec_name": "PCMU",
    "variable_rtp_use_codec_rate": "8000",
    "variable_rtp_use_codec_ptime": "20",
    "variable_read_codec": "PCMU",
    "variable_read_rate": "8000",
    "variable_write_codec": "PCMU",
    "variable_write_rate": "8000",
    "variable_dtmf_type": "rfc2833",
    "variable_local_media_ip": "127.0.0.1",
    "variable_remote_media_ip": "127.0.0.1",
}
_MEDIA_L16 = {
    "variable_read_codec": "L16",
    "variable_read_rate": "8000",
    "variable_write_codec": "L16",
    "variable_write_rate": "8000",
}


def _sip_variables(channel: Channel, number: str, called: str, name: str, where: str) -> dict[str, str]:
    return {
        "variable_sip_from_user": number,
        "variable_sip_from_uri": f"{number}@{where}",
        "variable_sip_from_host": where,
        "variable_sip_from_user_stripped": number.lstrip("+"),
        "variable_sip_from_display": name or number,
        "variable_sip_from_tag": channel.uuid[:8],
        "variable_sip_call_id": f"{channel.uuid}@{where}",
        "variable_sip_network_ip": where,
        "variable_sip_network_port": "5060",
        "variable_sip_received_ip": where,
        "variable_sip_received_port": "5060",
        "variable_sip_via_protocol": "udp",
        "variable_sofia_profile_name": "trunk",
        "variable_sofia_profile_url": "sip:mod_sofia@127.0.0.1:5080",
        "variable_recovery_profile_name": "trunk",
        "variable_sip_req_user": called,
        "variable_sip_req_uri": f"{called}@127.0.0.1",
        "variable_sip_req_host": "127.0.0.1",
        "variable_sip_to_user": called,
        "variable_sip_to_uri": f"{called}@127.0.0.1",
        "variable_sip_to_host": "127.0.0.1",
        "variable_sip_contact_user": number,
        "variable_sip_contact_uri": f"{number}@{where}:5060",
        "variable_sip_contact_host": where,
        "variable_max_forwards": "70",
        "variable_switch_r_sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        "variable_ep_codec_string": "CORE_PCM_MODULE.PCMU@8000h@20i@64000b",
        **_MEDIA,
    }
