"""What a switch is told of a telephone."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.engine.directory import DIAL_STRING, Entry, Phone, a1_hash, found, named, not_found


def test_hash_is_what_rfc_2617_shows() -> None:
    """Its own example."""
    expected = "939e7578ed9e3c518a452acee763bce9"
    assert a1_hash("Mufasa", "testrealm@host.com", "Circle Of Life") == expected


@pytest.mark.parametrize("kind", list(Phone))
def test_names_of_an_extension(kind: Phone) -> None:
    assert named("1001" + kind) == ("1001", kind)


@given(st.text(max_size=40))
def test_whatever_is_asked_is_a_name_of_ours_or_nobody(text: str) -> None:
    answer = named(text)
    if answer is not None:
        extension, kind = answer
        assert extension + kind == text
        assert extension.isascii()
        assert extension
        assert not set(extension) & set("!<>&\"' ${}@/\n")


@given(st.text(alphabet="<>&\"'abc!", min_size=1, max_size=30))
def test_nothing_breaks_out_of_the_answer(text: str) -> None:
    document = ET.fromstring(found(Entry(text, text, text, 60, 300)))  # noqa: S314 (our own)
    [user] = document.iter("user")
    assert user.get("id") == text
    assert user.get("cacheable") == "60000"
    values = {one.get("name"): one.get("value") for one in user.iter("param")}
    assert values == {"a1-hash": text, "dial-string": DIAL_STRING}
    assert [one.get("value") for one in user.iter("variable")] == ["300"]


def test_nobody_is_a_result_of_its_own() -> None:
    result = ET.fromstring(not_found()).find("section[@name='result']/result")  # noqa: S314
    assert result is not None
    assert result.get("status") == "not found"
