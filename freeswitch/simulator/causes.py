"""Hang-up causes with their Q.850 numbers."""

from __future__ import annotations

Q850 = {
    "NONE": 0,
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_DESTINATION": 3,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "CHAN_NOT_IMPLEMENTED": 66,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
    "ORIGINATOR_CANCEL": 487,
    "SYSTEM_SHUTDOWN": 501,
    "LOSE_RACE": 502,
    "MANAGER_REQUEST": 503,
    "BLIND_TRANSFER": 600,
    "ATTENDED_TRANSFER": 601,
    "ALLOTTED_TIMEOUT": 602,
    "PICKED_OFF": 605,
    "USER_NOT_REGISTERED": 606,
    "INVALID_PROFILE": 609,
    "INVALID_GATEWAY": 608,
    "GATEWAY_DOWN": 610,
    "INVALID_URL": 611,
}
_BY_NUMBER = {str(number): name for name, number in Q850.items()}


def known(word: str) -> str:
    """A cause by name (any case) or number; anything else is NORMAL_CLEARING, as in FreeSWITCH."""
    name = _BY_NUMBER.get(word, word.upper())
    return name if name in Q850 else "NORMAL_CLEARING"


def q850(cause: str) -> str:
    """What variable_hangup_cause_q850 says: FreeSWITCH's own causes (over 127) read as 16."""
    number = Q850.get(cause, 16)
    return str(number if number <= 127 else 16)
