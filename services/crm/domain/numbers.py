"""Numbers: how one that was received or typed becomes the form in which it is kept and compared.

E.164 where it can be read as a valid number; else (service numbers such as 10050, extensions, names of SIP
users) what was received, cleaned of all that is no part of it. The form is stable: read again, it stays.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from services.chassis.errors import Invalid

LENGTH = 64  # kept; E.164 has at most 16
READ = 256  # of what a trunk sends, so much is looked at
REMEMBERED = 20_000  # parsing costs some 50 µs, and the same numbers come again; some 4 MB

# What trunks and phones send for a caller who hides the number. None of these may become a customer's.
_WITHHELD = {"anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "blocked", "null"}
_ADDRESS = re.compile(r"(?:.*<)?\s*(?:sips?:|tel:)?([^@;>]*)", re.IGNORECASE | re.DOTALL)
_NO_PART = re.compile(r"[^0-9A-Za-z+*#._-]+")
_PUNCTUATION = re.compile(r"[._-]+")
_TYPED = re.compile(r"(?:sips?:|tel:)?[0-9A-Za-z+*#()./_ -]+", re.IGNORECASE)
_PREFIX = re.compile(r"\+?[0-9]{1,15}")


def received(raw: str, region: str) -> str:
    """The number of a caller; empty when withheld or unreadable. Takes anything, refuses nothing."""
    return _canonical(raw[:READ], region)


def typed(field: str, raw: str, region: str) -> str:
    """A number that a person entered. Raises Invalid, because a person can be told."""
    text = unicodedata.normalize("NFKC", raw).strip()
    if not text:
        raise Invalid(field, "is empty; give a number such as +8613800138000 or 10050")
    if len(text) > LENGTH or not _TYPED.fullmatch(text):
        raise Invalid(field, f"is not a number; give digits with + * # at most, up to {LENGTH}")
    number = _canonical(text, region)
    if not number:
        raise Invalid(field, "stands for a caller without a number; give the number itself")
    return number


def prefix(field: str, raw: str) -> str:
    """The beginning of numbers as they are kept. Raises Invalid."""
    text = unicodedata.normalize("NFKC", raw).replace(" ", "")
    if not _PREFIX.fullmatch(text):
        raise Invalid(field, "is not the beginning of a number; give up to 15 digits, such as +8610")
    if text.startswith(("0", "+0")):
        raise Invalid(field, "begins with 0, as no number is kept; write it with the country code: +8610")
    return text


def prefixes(number: str) -> list[str]:
    """All beginnings of a number, the longest first: those that a segment may have."""
    return [number[:length] for length in range(min(len(number), 16), 0, -1)]


def beginnings(text: str, region: str) -> list[str]:
    """How numbers may begin, as kept, that a person searches by typing their first digits; may be none."""
    digits = _PUNCTUATION.sub("", _NO_PART.sub("", unicodedata.normalize("NFKC", text)))
    if not re.fullmatch(r"\+[0-9]{2,}|[0-9*#]{3,}", digits):
        return []
    if digits.startswith("+"):
        return [digits]
    country = phonenumbers.country_code_for_region(region)
    return [digits, f"+{digits}", f"+{country}{digits.lstrip('0')}"]


@lru_cache(maxsize=REMEMBERED)
def _canonical(raw: str, region: str) -> str:
    address = _ADDRESS.match(unicodedata.normalize("NFKC", raw))
    cleaned = _NO_PART.sub("", address[1] if address else "")
    if cleaned.lower() in _WITHHELD:
        return ""
    if re.search("[A-Za-z]", cleaned):
        return cleaned[:LENGTH]  # a name: phonenumbers would spell it on a keypad
    digits = _PUNCTUATION.sub("", cleaned)[:LENGTH]
    if not re.search(r"[0-9*#]", digits):
        return ""
    return _e164(digits, region) or digits


def _e164(digits: str, region: str) -> str:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
