"""What is refused before anything is done, and with which sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.errors import Invalid
from services.crm.domain import Block, CustomerDraft, Segment, checks

ID = "01936a1e-7c1b-7000-8000-000000000001"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def draft(**changes: Any) -> CustomerDraft:
    request: dict[str, Any] = {
        "region": "CN",
        "customer_id": "",
        "revision": 0,
        "name": "Wang Wei",
        "organisation": "",
        "numbers_": [],
        "accounts": [],
        "email": "",
        "level": 0,
        "language": "",
        "tags": [],
        "notes": "",
    }
    return checks.draft(**request | changes)


def block(**changes: Any) -> Block:
    request: dict[str, Any] = {
        "number": "13800138000",
        "reason": "threats",
        "expires_at": None,
        "now": NOW,
        "region": "CN",
    }
    return checks.block(**request | changes)


def segment(**changes: Any) -> Segment:
    return checks.segment(**{"prefix": "+8610", "segment_": "Beijing", "department": "north"} | changes)


REFUSED: list[tuple[Callable[..., object], dict[str, Any], str, str]] = [
    (draft, {"name": " "}, "name", "and so is organisation"),
    (draft, {"name": "x" * 201}, "name", "at most 200"),
    (draft, {"name": "Joe%0A\nEvent-Name: X"}, "name", "control character"),
    (draft, {"notes": "nul \x00"}, "notes", "control character"),
    (draft, {"notes": "x" * 10_001}, "notes", "at most 10000"),
    (draft, {"customer_id": "1; drop table"}, "customer_id", "is not an id"),
    (draft, {"customer_id": ID}, "revision", "send the one you read"),
    (draft, {"revision": 3}, "revision", "leave it out for a new one"),
    (draft, {"numbers_": ["10050", "138\n{x}"]}, "numbers[1]", "is not a number"),
    (draft, {"numbers_": ["10050"] * 21}, "numbers", "at most 20"),
    (draft, {"accounts": ["a", ""]}, "accounts[1]", "is empty"),
    (draft, {"accounts": ["a"] * 21}, "accounts", "at most 20"),
    (draft, {"tags": ["t" * 65]}, "tags[0]", "at most 64"),
    (draft, {"tags": [str(i) for i in range(51)]}, "tags", "at most 50"),
    (draft, {"level": 4}, "level", "give 0 (normal)"),
    (draft, {"level": -1}, "level", "give 0 (normal)"),
    (draft, {"email": "wang"}, "email", "such as wang@example.com"),
    (draft, {"language": "中文"}, "language", "such as zh-CN"),
    (block, {"reason": ""}, "reason", "is empty"),
    (block, {"number": "anonymous"}, "number", "give the number itself"),
    (block, {"expires_at": NOW}, "expires_at", "is in the past"),
    (segment, {"prefix": "010"}, "prefix", "with the country code"),
    (segment, {"segment_": ""}, "segment", "is empty"),
]


@pytest.mark.parametrize(("check", "changes", "field", "remedy"), REFUSED)
def test_refused_with_field_and_remedy(
    check: Callable[..., object], changes: dict[str, Any], field: str, remedy: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check(**changes)
    assert refused.value.field == field
    assert remedy in refused.value.problem


def test_what_is_kept_is_what_was_meant() -> None:
    kept = draft(
        name=" 王伟 ",
        numbers_=["13800138000", "+86 138 0013 8000", "10050"],
        tags=["vip", " vip ", "quiet"],
        language="zh-CN",
        email="wang@example.com",
    )
    assert kept.name == "王伟"
    assert kept.numbers == ("+8613800138000", "10050")
    assert kept.tags == ("vip", "quiet")
    assert block(expires_at=NOW + timedelta(seconds=1)).number == "+8613800138000"
    assert draft(name="", organisation="ACME").organisation == "ACME"
