"""Which numbers may be called: whoever gets one in here has it called at the operator's expense."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.acd.config import AcdConfig
from services.acd.outside import Outside
from services.chassis.errors import Conflict, Invalid
from services.chassis.esl import UnsafeArgument

TRUNK = "sofia/gateway/trunk/{number}"


def outside(prefixes: str = "+86,!+86168", endpoint: str = TRUNK, region: str = "CN") -> Outside:
    return Outside(
        AcdConfig(acd_outside_endpoint=endpoint, acd_outside_prefixes=prefixes, acd_outside_region=region)
    )


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("010 8888 8888", "+861088888888"),
        ("008613800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
    ],
)
def test_numbers_as_people_write_them(typed: str, number: str) -> None:
    assert outside().number("number", typed) == number


@pytest.mark.parametrize("typed", ["", "anonymous", "10050", "138", "+14155552671", "+8613800138000;rm"])
def test_what_is_no_number_or_not_allowed_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        outside().number("number", typed)
    assert refused.value.field == "number"


def test_nothing_may_be_called_until_an_operator_says_so() -> None:
    for nothing in (
        outside(prefixes=""),
        outside(endpoint=""),
        outside(prefixes="!+86"),
        Outside(AcdConfig()),
    ):
        assert not nothing.possible
        with pytest.raises(Conflict):
            nothing.number("number", "+8613800138000")


def test_the_longest_beginning_that_fits_decides() -> None:
    which = outside("+86,!+8613,+86138")
    assert [which.allowed(number) for number in ("+861088888888", "+8613900000001", "+8613800000001")] == [
        True,
        False,
        True,
    ]
    assert not which.allowed("+14155552671")


def test_what_was_allowed_when_it_was_booked_is_looked_at_again_when_it_is_dialled() -> None:
    assert outside().endpoint("+8613800138000").target == "sofia/gateway/trunk/+8613800138000"
    with pytest.raises(UnsafeArgument):
        outside("+1").endpoint("+8613800138000")


@pytest.mark.parametrize(
    "settings",
    [
        {"acd_outside_endpoint": "sofia/gateway/trunk/10050"},
        {"acd_outside_endpoint": "{sip_auto_answer=true}sofia/gateway/trunk/{number}"},
        {"acd_outside_endpoint": "user/{number}"},
        {"acd_outside_prefixes": "86"},
        {"acd_outside_prefixes": "+86,everything"},
        {"acd_outside_region": "XX"},
        {"acd_outside_shown": "anybody"},
        {"acd_callbacks_at_once": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AcdConfig(**settings)  # type: ignore[arg-type]
