"""The way in of the console's telephone: SIP over WebSocket, plain and secure."""

from __future__ import annotations

import ssl

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.live.switch import DOMAIN, FreeSwitch

ANSWER_S = 10


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_registration_over_websocket_is_challenged(freeswitch: FreeSwitch, scheme: str) -> None:
    secure = scheme == "wss"
    port = freeswitch.wss_port if secure else freeswitch.ws_port
    async with connect(
        f"{scheme}://127.0.0.1:{port}",
        subprotocols=[Subprotocol("sip")],
        ssl=self_signed() if secure else None,
        open_timeout=ANSWER_S,
    ) as socket:
        await socket.send(register(scheme).encode())
        answer = await socket.recv(decode=True)

    assert answer.startswith("SIP/2.0 401")
    assert f'realm="{DOMAIN}"' in answer


def self_signed() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def register(scheme: str) -> str:
    return "\r\n".join(
        (
            f"REGISTER sip:{DOMAIN} SIP/2.0",
            f"Via: SIP/2.0/{scheme.upper()} browser.invalid;branch=z9hG4bK1",
            "Max-Forwards: 70",
            f"From: <sip:1001@{DOMAIN}>;tag=1",
            f"To: <sip:1001@{DOMAIN}>",
            f"Call-ID: browser-{scheme}",
            "CSeq: 1 REGISTER",
            f"Contact: <sip:1001@browser.invalid;transport={scheme}>;expires=60",
            "Content-Length: 0",
            "",
            "",
        )
    )
