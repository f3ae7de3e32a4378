"""Numbers as trunks send them and as people type them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Invalid
from services.crm.domain import numbers

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("13800138000", MOBILE),
        ("013800138000", MOBILE),
        ("8613800138000", MOBILE),
        ("008613800138000", MOBILE),
        ("+86 138-0013-8000", MOBILE),
        ("１３８００１３８０００", MOBILE),
        ("sip:13800138000@10.0.0.1:5060;user=phone", MOBILE),
        ('"Joe" <sip:+8613800138000@gw.example>', MOBILE),
        ("tel:+86-10-88886666", "+861088886666"),
        ("(010) 8888 6666", "+861088886666"),
        ("+1 415 555 2671", "+14155552671"),
        ("4008123456", "+864008123456"),
        ("10050", "10050"),
        ("110", "110"),
        ("88886666", "88886666"),
        ("*97#", "*97#"),
        ("1001", "1001"),
        ("alice", "alice"),
        ("1-800-FLOWERS", "1-800-FLOWERS"),
        ("anonymous", ""),
        ("sip:Anonymous@anonymous.invalid", ""),
        ("Restricted", ""),
        ("", ""),
        ("+", ""),
        ("\x00\r\n", ""),
        ("138\n{origination_caller_id=1}", "138origination_caller_id1"),
        ("13800138000%0AEvent-Name: HEARTBEAT", "13800138000" + "0AEvent-NameHEARTBEAT"),
        ("9" * 10_000, "9" * 64),
    ],
)
def test_received(raw: str, kept: str) -> None:
    assert numbers.received(raw, "CN") == kept


def test_a_number_without_country_is_of_the_configured_region() -> None:
    assert numbers.received("4155552671", "US") == "+14155552671"
    assert numbers.received("4155552671", "CN") != "+14155552671"


@given(st.text(max_size=80) | st.text(alphabet=string.digits + "+*#() -.sip:@x", max_size=30))
def test_whatever_comes_is_clean_and_stable(raw: str) -> None:
    number = numbers.received(raw, "CN")
    assert len(number) <= numbers.LENGTH
    assert set(number) <= set(string.ascii_letters + string.digits + "+*#._-")
    assert numbers.received(number, "CN") == number


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        ("", "give a number such as"),
        ("13800138000\n", None),
        ("138\n00138000", "is not a number"),
        ("{origination}1380", "is not a number"),
        ("1380013800,1380013801", "is not a number"),
        ("1" * 65, "is not a number"),
        ("anonymous", "give the number itself"),
        ("---", "give the number itself"),
    ],
)
def test_typed_is_refused_with_a_remedy(raw: str, remedy: str | None) -> None:
    if remedy is None:
        assert numbers.typed("numbers[0]", raw, "CN") == MOBILE
        return
    with pytest.raises(Invalid, match=remedy) as refused:
        numbers.typed("numbers[0]", raw, "CN")
    assert refused.value.field == "numbers[0]"


@pytest.mark.parametrize(("raw", "kept"), [("+86 10", "+8610"), ("100", "100"), ("＋８６", "+86")])
def test_a_prefix(raw: str, kept: str) -> None:
    assert numbers.prefix("prefix", raw) == kept


@pytest.mark.parametrize("raw", ["", "+", "010", "+0", "86x", "1" * 16, "%"])
def test_what_is_no_prefix(raw: str) -> None:
    with pytest.raises(Invalid):
        numbers.prefix("prefix", raw)


def test_prefixes_of_a_number_begin_with_the_longest() -> None:
    assert numbers.prefixes("+8610") == ["+8610", "+861", "+86", "+8", "+"]
    assert numbers.prefixes("") == []
    assert len(numbers.prefixes("9" * 64)) == 16


def test_the_first_digits_as_people_type_them() -> None:
    assert numbers.beginnings("138 001", "CN") == ["138001", "+138001", "+86138001"]
    assert numbers.beginnings("010", "CN") == ["010", "+010", "+8610"]
    assert numbers.beginnings("+8613", "CN") == ["+8613"]
    assert numbers.beginnings("Wang", "CN") == numbers.beginnings("12", "CN") == []
