"""Recordings taken into the store, found, heard in parts, and audited."""

from __future__ import annotations

import asyncio
import hashlib
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis import clock
from services.gateway.domain import Role
from services.stubs.acd.v1 import events_pb2 as acd
from tests.integration.gateway.conftest import House, Opening
from tests.integration.gateway.gateway_fakes import WITHIN_S, Browser

STARTED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
async def house(open_house: Opening, tmp_path: Path) -> House:
    (tmp_path / "switch" / "calls").mkdir(parents=True)
    return await open_house(gateway_recordings_dir=tmp_path / "switch", gateway_store_dir=tmp_path / "store")


def written(tmp_path: Path, seconds: float = 2.0, agent_id: str = "a1", **more: Any) -> acd.RecordingStopped:
    """As the switch leaves it: stereo, the caller loud on the left."""
    contact, offer = str(uuid4()), str(uuid4())
    name = f"calls/{contact}.{offer}.wav"
    with wave.open(str(tmp_path / "switch" / name), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\xff\x7f\x00\x00" * int(seconds * 8_000))
    began = clock.to_ms(STARTED)
    pause = acd.RecordingPause(begins_at=clock.timestamp(began + 500), ends_at=clock.timestamp(began + 1_500))
    fields: dict[str, Any] = {
        "contact_id": contact,
        "offer_id": offer,
        "agent_id": agent_id,
        "queue": "sales",
        "node": "fs1",
        "file": name,
        "started_at": clock.timestamp(began),
        "stopped_at": clock.timestamp(began + 2_000),
        "length_ms": int(seconds * 1000),
        "from_number": "+8613800000001",
        "to_number": "10050",
        "pauses": [pause],
    }
    return acd.RecordingStopped(**(fields | more))


async def known(who: Browser, told: acd.RecordingStopped) -> dict[str, Any]:
    """Once the gateway has dealt with it."""
    path = f"/recordings/{told.offer_id}"

    async with asyncio.timeout(WITHIN_S):
        while (answer := await who.ask("GET", path)).status_code != 200:
            await asyncio.sleep(0.01)
    found: dict[str, Any] = answer.json()
    return found


async def test_recording_is_stored_found_and_heard_in_parts(house: House, tmp_path: Path) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD)
    admin = await house.person("admin", Role.ADMINISTRATOR)
    told = written(tmp_path)
    source = tmp_path / "switch" / told.file
    whole = source.read_bytes()
    await house.tell(told)
    found = await known(lead, told)

    assert found["state"] == "stored"
    assert found["sha256"] == hashlib.sha256(whole).hexdigest()
    assert found["length_ms"] == 2_000
    assert found["pauses"] == [{"from_ms": 500, "to_ms": 1_500}]
    assert [max(side) for side in found["peaks"]] == [255, 0]
    assert not source.exists(), "taken from the switch's folder"
    for query in ("", f"contact_id={told.contact_id}", "number=1380000", "queue=sales&agent_id=a1"):
        listed = (await lead.ask("GET", f"/recordings?{query}")).json()["recordings"]
        assert [one["recording_id"] for one in listed] == [told.offer_id], query
    for query in ("number=999", "before=2026-11-01T00:00:00Z", "queue=support"):
        assert (await lead.ask("GET", f"/recordings?{query}")).json()["recordings"] == [], query

    path = f"/recordings/{told.offer_id}/audio"
    answer = await lead.ask("GET", path)
    assert (answer.status_code, answer.content) == (200, whole)
    answer = await lead.ask("GET", path, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, whole[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    answer = await lead.ask("GET", path, headers={"Range": f"bytes={len(whole)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(whole)}")

    entries = (await admin.ask("GET", "/admin/audit")).json()["entries"]
    heard = [entry for entry in entries if entry["action"] == "recording.played"]
    assert [(entry["username"], entry["about"]) for entry in heard] == [("lead", told.offer_id)]
    assert heard[0]["detail"]["contact_id"] == told.contact_id


async def test_agents_hear_their_own_and_other_tenants_nothing(house: House, tmp_path: Path) -> None:
    own = await house.person("li", agent_id="a1")
    other = await house.person("wang", agent_id="a2")
    stranger = await house.person("boss", Role.ADMINISTRATOR, slug="rival")
    told = written(tmp_path, agent_id="a1")
    await house.tell(told)
    await known(own, told)
    assert len((await own.ask("GET", "/recordings")).json()["recordings"]) == 1
    for who in (other, stranger):
        assert (await who.ask("GET", "/recordings?agent_id=a1")).json()["recordings"] == []
        for path in (f"/recordings/{told.offer_id}", f"/recordings/{told.offer_id}/audio"):
            assert (await who.ask("GET", path)).status_code == 404


async def test_recording_without_a_file_is_told_as_missing(house: House, tmp_path: Path) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD)
    told = written(tmp_path)
    (tmp_path / "switch" / told.file).unlink()
    await house.tell(told)
    assert (await known(lead, told))["state"] == "missing"
    answer = await lead.ask("GET", f"/recordings/{told.offer_id}/audio")
    assert answer.status_code == 404


async def test_told_twice_it_stays_stored(house: House, tmp_path: Path) -> None:
    """The gateway died between removing the file and saying that it was done."""
    lead = await house.person("lead", Role.TEAM_LEAD)
    told = written(tmp_path)
    await house.tell(told)
    await known(lead, told)
    await house.tell(told)
    after = written(tmp_path)
    await house.tell(after)
    await known(lead, after)  # in the order of the stream: the repeat has been dealt with
    assert (await known(lead, told))["state"] == "stored"
    assert (await lead.ask("GET", f"/recordings/{told.offer_id}/audio")).status_code == 200


async def test_name_that_leads_out_of_the_folder_is_not_followed(house: House, tmp_path: Path) -> None:
    lead = await house.person("lead", Role.TEAM_LEAD)
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"x")
    await house.tell(written(tmp_path, file="calls/../../secret.wav"))
    after = written(tmp_path)
    await house.tell(after)
    await known(lead, after)
    assert secret.exists()
    assert len((await lead.ask("GET", "/recordings")).json()["recordings"]) == 1
