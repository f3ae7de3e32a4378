"""Parts of files, waveforms, and who may hear what."""

from __future__ import annotations

from array import array

import pytest

from services.gateway.domain import Identity, Role
from services.gateway.engine.recordings import PEAKS, may_hear, part, waveform


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-0", None),
        ("bytes=100-", None),
        ("bytes=9-3", (0, 100)),
        ("bytes=-", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("lines=1-2", (0, 100)),
        ("bytes=٣-", (0, 100)),
        ("bytes=" + "9" * 400 + "-", (0, 100)),
    ],
)
def test_part_of_a_file(header: str, wanted: tuple[int, int] | None) -> None:
    assert part(header, 100) == wanted


@pytest.mark.parametrize("cut", [1, 7, 4_000])
def test_waveform_shows_each_side_wherever_the_pieces_are_cut(cut: int) -> None:
    """Left is loud in the second half, right in the first; silence is flat."""
    frames = 4_000
    samples = array("h")
    for at in range(frames):
        samples.extend((-32_768 if at >= frames // 2 else 0, 16_384 if at < frames // 2 else 0))
    pieces = [samples[2 * at : 2 * (at + cut)] for at in range(0, frames, cut)]
    left, right = (lambda peaks: (peaks[:PEAKS], peaks[PEAKS:]))(waveform(pieces, 2, frames))
    assert left == bytes([0] * 200 + [255] * 200)
    assert right == bytes([128] * 200 + [0] * 200)


def test_waveform_of_next_to_nothing() -> None:
    assert waveform([], 2, 0) == bytes(2 * PEAKS)
    assert waveform([array("h", [200])], 1, 1)[0] == 1


@pytest.mark.parametrize(
    ("role", "agent_id", "yes"),
    [
        (Role.AGENT, "a1", True),
        (Role.AGENT, "a2", False),
        (Role.AGENT, "", False),
        (Role.TEAM_LEAD, "a2", True),
        (Role.MAINTENANCE, "", False),
    ],
)
def test_agents_hear_their_own(role: Role, agent_id: str, yes: bool) -> None:
    who = Identity("u1", "demo", "u", "U", role, "s1", 0, agent_id)
    assert may_hear(who, "a1") is yes
    assert not may_hear(Identity("u1", "demo", "u", "U", Role.AGENT, "s1", 0), "")
