"""What a channel says of itself is written by the caller, at least in part."""

from datetime import UTC, datetime

import pytest

from services.chassis.esl import Event
from services.chassis.ids import is_id
from services.ivr.domain.calls import clean_number
from services.ivr.service.arrival import arrival, remembered

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
UUID = "0dd00000-0000-4000-8000-000000000050"
CONTACT = "01890a5d-ac96-774b-bcce-b302099a8057"


def channel(**headers: str) -> Event:
    given = {
        "Unique-ID": UUID,
        "FreeSWITCH-Switchname": "fs1",
        "Caller-Caller-ID-Number": "13800000001",
        "Caller-Destination-Number": "10050",
        "Answer-State": "ringing",
    }
    return Event(given | {name.replace("__", "-"): value for name, value in headers.items()})


def test_new_call() -> None:
    arrived = arrival(channel(), default_tenant="demo", now=NOW)
    contact = arrived.contact
    assert is_id(contact.contact_id)
    assert (contact.tenant, contact.node, contact.call_id) == ("demo", "fs1", UUID)
    assert (contact.from_number, contact.to_number) == ("13800000001", "10050")
    assert (arrived.position, arrived.answered, contact.opened_at) == (None, False, NOW)


def test_call_that_was_here_before() -> None:
    """All that one process remembered on the channel, another one reads back."""
    before = arrival(channel(), default_tenant="demo", now=NOW).contact
    kept = {f"variable_{name}": value for name, value in remembered(before).items()}
    back = arrival(
        channel(
            **kept,
            variable_sy_flow="default@1",
            variable_sy_flow_node="sales",
            variable_sy_enqueued_at="2025-01-02T03:04:05+00:00",
            variable_sy_language="en",
            Caller__Destination__Number="ivr",
        ),
        default_tenant="demo",
        now=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert back.contact == before
    assert back.position
    assert (back.flow, back.language, back.position.node) == ("default@1", "en", "sales")
    assert back.position.enqueued_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-01-01T00:00:00", "9999-01-01T00:00:00+00:00"])
def test_moment_that_is_none(moment: str) -> None:
    """A wait cannot have begun in the future, nor at a time without a zone."""
    arrived = arrival(
        channel(
            variable_sy_contact_id=CONTACT,
            variable_sy_flow_node="sales",
            variable_sy_enqueued_at=moment,
            variable_sy_opened_at=moment,
        ),
        default_tenant="demo",
        now=NOW,
    )
    assert arrived.position
    assert arrived.position.enqueued_at is None
    assert arrived.contact.opened_at == NOW


def test_variables_that_nobody_of_us_wrote() -> None:
    arrived = arrival(
        channel(
            variable_sy_contact_id="' or 1=1",
            variable_sy_tenant="../../etc",
            variable_sy_flow_node="sales",
            variable_sy_customer_id="{}",
            variable_sy_from_number="138\n\nexit",
        ),
        default_tenant="demo",
        now=NOW,
    )
    assert is_id(arrived.contact.contact_id)
    assert (arrived.contact.tenant, arrived.contact.customer_id) == ("demo", "")
    assert arrived.contact.from_number == "138exit"
    assert arrived.position is None, "a position without a contact is not ours"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("+8613800000001", "+8613800000001"),
        ("anonymous", "anonymous"),
        ("138\n\napi shutdown", "138apishutdown"),
        ("{a=b}${x}'\"1", "abx1"),
        ("\u2028\x85\x00", ""),
        ("9" * 5000, "9" * 32),
        ("漢字", ""),
    ],
)
def test_numbers_are_cleaned(raw: str, clean: str) -> None:
    assert clean_number(raw) == clean
