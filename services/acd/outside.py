"""Who may be called outside, and how a number becomes what a switch dials.

Whoever gets a number in here can have it called at our expense, so nothing may be dialled until an operator
says which numbers, and premium numbers within an allowed country can be left out.
"""

from __future__ import annotations

import unicodedata

import phonenumbers

from services.acd.config import AcdConfig
from services.chassis.errors import Conflict, Invalid
from services.chassis.esl import commands as fs

TYPED_CHARS = 64


class Outside:
    """The world beyond the trunk, as configured."""

    def __init__(self, config: AcdConfig) -> None:
        self._endpoint = config.acd_outside_endpoint
        self._region = config.acd_outside_region
        self._prefixes = config.outside_prefixes()
        self.shown = config.acd_outside_shown

    @property
    def possible(self) -> bool:
        """Whether anybody may be called."""
        return bool(self._endpoint) and any(self._prefixes.values())

    def number(self, field: str, typed: str) -> str:
        """A number in E.164 that may be called. Raises Invalid, and Conflict where nothing may be."""
        if not self.possible:
            raise Conflict(
                "Nobody can be called back: set SWITCHYARD_ACD_OUTSIDE_ENDPOINT and"
                " SWITCHYARD_ACD_OUTSIDE_PREFIXES at the ACD."
            )
        found = self._e164(typed)
        if not found:
            raise Invalid(field, "is no telephone number; give it with country code, such as +8613800138000")
        if not self.allowed(found):
            raise Invalid(field, f"{found[:4]}… is not among the numbers that may be called")
        return found

    def _e164(self, typed: str) -> str:
        try:
            number = phonenumbers.parse(unicodedata.normalize("NFKC", typed[:TYPED_CHARS]), self._region)
        except phonenumbers.NumberParseException:
            return ""
        if not phonenumbers.is_valid_number(number):
            return ""
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def allowed(self, number: str) -> bool:
        """By the longest beginning that is named: `!` before it forbids."""
        for length in range(len(number), 1, -1):
            verdict = self._prefixes.get(number[:length])
            if verdict is not None:
                return verdict
        return False

    def endpoint(self, number: str) -> fs.DialString:
        """What a switch dials. Raises UnsafeArgument for what is not allowed (any more)."""
        if not self.allowed(number):
            raise fs.UnsafeArgument("number", "is not among those that may be called")
        return fs.outside(self._endpoint, number)
