import pytest

from deploy.local.options import parse_nodes


def test_nameless_switches_are_numbered() -> None:
    assert parse_nodes("10.0.0.1:8021, 10.0.0.2:8021") == {
        "fs1": "10.0.0.1:8021",
        "fs2": "10.0.0.2:8021",
    }


def test_a_switch_may_have_a_name() -> None:
    assert parse_nodes("north=[::1]:8021") == {"north": "[::1]:8021"}


def test_no_switch_is_none() -> None:
    assert parse_nodes("") == {}


@pytest.mark.parametrize("text", ["host", "host:", ":8021", "host:0", "host:99999", "=h:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host:port|name of its own"):
        parse_nodes(text)


def test_two_switches_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        parse_nodes("a=h:1,a=h:2")
