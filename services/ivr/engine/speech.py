"""Numbers as recorded pieces: `42` is "forty" "two", `四` `十` `二`."""

from __future__ import annotations

HIGHEST = 9999
"""Beyond this a place in a queue is no longer news; it is said as this."""

_ZH_UNITS = ((1000, "thousand"), (100, "hundred"), (10, "10"))


def number(language: str, value: int) -> tuple[str, ...]:
    """Names of the prompts that say `value`, 0 to 9999, in a language."""
    value = max(0, min(value, HIGHEST))
    return tuple(f"n_{piece}" for piece in (_zh(value) if language == "zh" else _en(value)))


def counted(language: str, value: int) -> tuple[str, ...]:
    """`number`, said of things: two of them are 两 in Mandarin (两位, 两分钟), and 十二 stays 十二."""
    return ("n_2_counted",) if (language, value) == ("zh", 2) else number(language, value)


def digits(value: str) -> tuple[str, ...]:
    """One piece for each digit of `value`; what is no digit is left out. At most 20."""
    return tuple(f"n_{char}" for char in value if char in "0123456789")[:20]


def _zh(value: int) -> list[str]:
    """十二 and not 一十二; 一百零二 with its zero; 两千 is said 二千, which is understood."""
    if value < 10:
        return [str(value)]
    pieces: list[str] = []
    gap = False
    for unit, name in _ZH_UNITS:
        digit, value = divmod(value, unit)
        if digit:
            if gap:
                pieces.append("0")
            if not (unit == 10 and digit == 1 and not pieces):
                pieces.append(str(digit))
            pieces.append(name)
            gap = False
        else:
            gap = bool(pieces)
    if value:
        if gap:
            pieces.append("0")
        pieces.append(str(value))
    return pieces


def _en(value: int) -> list[str]:
    if value <= 20:
        return [str(value)]
    if value < 100:
        tens, rest = divmod(value, 10)
        return [str(tens * 10), *([str(rest)] if rest else [])]
    unit, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    count, rest = divmod(value, unit)
    return [*_en(count), name, *(_en(rest) if rest else [])]
