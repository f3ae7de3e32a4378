"""What may stand in a command, by place. Everything else is refused with one sentence.

FreeSWITCH takes a command apart up to three times (blanks with quotes and backslashes, then the list,
then name=value) and expands `${…}` — which can run any command of the switch — whenever a value is used
later. So we do not escape: characters that mean something to any of these layers are refused, and what a
person typed goes through `shown_text`, which puts look-alikes in their place. Exact bytes that must
survive (an answer, a piece of JSON) travel as `packed`.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

SYNTAX: Final = frozenset("{}[]<>|^~$`'\"\\")
"""Refused in any free value: brackets, list and quoting signs of dial strings, variables and arguments."""

VALUE_CHARS: Final = 1024
NAME_CHARS: Final = 64
PATH_CHARS: Final = 255

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"\+?[0-9A-Za-z*#._\-]+")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_DTMF = re.compile(r"[0-9A-Da-d*#wW]+(@[0-9]{1,5})?")
_CAUSE = re.compile(r"[A-Z][A-Z0-9_]*")
_PLAIN = re.compile(r"[0-9A-Za-z_.+@-]+(:[0-9A-Za-z_.+@-]+)*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_SEGMENT = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*")
_FOLDER: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.\-]+")  # an operator's choice: `.data` is one
_RUNS_CODE = re.compile(r"api_|.*exec|.*hook|origination_nested_vars|app_disable|ent_originate", re.I)


class UnsafeArgument(ValueError):
    """An argument that could mean something to the switch. The sentence names the field and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}.")
        self.field = field


def _bounded(field: str, value: str, limit: int) -> str:
    if not value:
        raise UnsafeArgument(field, "is empty")
    if len(value) > limit:
        raise UnsafeArgument(field, f"is longer than {limit} characters")
    return value


def _matching(field: str, value: str, pattern: re.Pattern[str], what: str, limit: int) -> str:
    if not pattern.fullmatch(_bounded(field, value, limit)):
        raise UnsafeArgument(field, f"is not {what}")
    return value


def uuid(field: str, value: str) -> str:
    """A channel's or job's uuid in canonical form."""
    return _matching(field, value, _UUID, "a uuid", 36)


def number(field: str, value: str) -> str:
    """A telephone number, extension or user name: letters, digits and `+ * # . _ -`, at most 64."""
    return _matching(field, value, _NUMBER, "a number or an extension", NAME_CHARS)


def e164(field: str, value: str) -> str:
    """A telephone number of the world: `+`, country code, 8 to 15 digits in all."""
    return _matching(field, value, _E164, "a number such as +8613800138000", 16)


def token(field: str, value: str) -> str:
    """A name made by a programmer or an administrator: context, gateway, profile, domain part."""
    return _matching(field, value, _TOKEN, "a plain name", NAME_CHARS)


def host(field: str, value: str) -> str:
    """A host name or an address."""
    return _matching(field, value, _HOST, "a host name or address", 253)


def dtmf(field: str, value: str) -> str:
    """Keys `0-9 A-D * #`, `w`/`W` for pauses, `@ms` for the length of a tone."""
    return _matching(field, value, _DTMF, "a row of telephone keys", NAME_CHARS)


def cause(field: str, value: str) -> str:
    """A hang-up cause such as `USER_BUSY`."""
    return _matching(field, value, _CAUSE, "a hang-up cause", NAME_CHARS)


def whole(field: str, value: int, low: int, high: int) -> str:
    """A whole number within bounds."""
    if isinstance(value, bool) or not low <= value <= high:
        raise UnsafeArgument(field, f"is not a whole number from {low} to {high}")
    return str(value)


@lru_cache(maxsize=1024)  # the same thirty names with every call
def variable_name(field: str, value: str) -> str:
    """A channel variable's name; those which make the switch run something are refused."""
    _matching(field, value, _NAME, "a variable name", NAME_CHARS)
    if _RUNS_CODE.match(value):
        raise UnsafeArgument(field, "makes the switch run commands and may not be set")
    return value


def free(field: str, value: str, *, limit: int = VALUE_CHARS, also: str = "") -> str:
    """A value in free text: any language, no control character, none of FreeSWITCH's own syntax."""
    _bounded(field, value, limit)
    if (
        _PLAIN.fullmatch(value) and not also and ":_:" not in value
    ):  # ids, numbers, moments: nine values of ten, ten times faster
        return value
    for char in value:
        if char != " " and not is_printable(char):
            raise UnsafeArgument(field, "holds a line break or control character")
        if char in SYNTAX or char in also:
            raise UnsafeArgument(field, f"holds {char!r}, which means something to the switch")
    if value != value.strip(" "):
        raise UnsafeArgument(field, "begins or ends with a blank, which the switch would drop")
    if ":_:" in value or value.startswith("ARRAY::"):
        raise UnsafeArgument(field, "holds a list sign of the switch")
    return value


def is_printable(char: str) -> bool:
    """No control, format, surrogate, private or separator character (U+2028, U+0085, …)."""
    return unicodedata.category(char)[0] not in "CZ"


def path_under(field: str, root: str, name: str) -> str:
    """`root`/`name`, where `name` cannot leave `root`. Only letters, digits and `_ . - /`."""
    _bounded(field, name, PATH_CHARS)
    parts = name.split("/")
    if not all(_SEGMENT.fullmatch(part) for part in parts):
        raise UnsafeArgument(field, "is not a plain file name under its folder")
    folder = PurePosixPath(root)
    if not folder.is_absolute() or not all(_FOLDER.fullmatch(part) for part in folder.parts[1:]):
        raise UnsafeArgument("root", "is not a plain absolute folder")
    return str(folder.joinpath(*parts))


_LOOK_ALIKES: Final = str.maketrans(
    {
        "'": "\u2019", '"': "\u201d", "`": "\u2019", "\\": "\u2216", "$": "\uff04", "|": "\u00a6",
        "{": "(", "}": ")", "[": "(", "]": ")", "<": "\u2039", ">": "\u203a", "^": "\u02c6", "~": "\u02dc",
    }
)  # fmt: skip


def shown_text(text: str, *, limit: int = NAME_CHARS) -> str:
    """What a person typed, as a person reads it: safe in any value, cut to `limit` characters.

    Quotes, brackets and the like become look-alikes, control characters and line ends blanks. Never
    fails; "" when nothing readable is left. For names on a telephone's display, not for exact data.
    """
    seen = "".join(char if is_printable(char) else " " for char in text[: limit * 4])
    plain = " ".join(seen.translate(_LOOK_ALIKES).split()).replace(":_:", ":")
    return plain.removeprefix("ARRAY::")[:limit].strip()


def packed(text: str) -> str:
    """Any text in letters, digits, `-` and `_` (base64url of UTF-8), to come back exact by `unpacked`."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(value: str) -> str:
    """What `packed` made. Raises ValueError when it is none of ours."""
    return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
