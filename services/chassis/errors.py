"""Errors name a decision for whoever gets them.

A service raises these; `rpc.py` maps them to gRPC statuses and back, the gateway to HTTP. Each sentence
is fit to be read by a person: it names what is wrong and what to do, and holds no secret.
"""

from __future__ import annotations


class SwitchyardError(Exception):
    """Base of all errors that may reach a caller. `code` is stable and for programs."""

    code = "internal"

    def __init__(self, sentence: str, *, field: str = "", service: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.service = service


class Invalid(SwitchyardError):
    """The request is wrong in itself; asking again without a change is useless."""

    code = "invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem, field=field)
        self.problem = problem


class NotFound(SwitchyardError):
    """There is no such thing, or not for this tenant."""

    code = "not_found"

    def __init__(self, what: str, which: str = "", *, field: str = "") -> None:
        """`field`: of the request that named it, when that is what is wrong."""
        sentence = f"There is no {what} {which!r}" if which else f"There is no such {what}"
        remedy = f": name one that there is in {field!r}, or make it first." if field else "."
        super().__init__(sentence + remedy, field=field)


class Conflict(SwitchyardError):
    """The thing is in a state that does not allow this; the sentence says what it does allow."""

    code = "conflict"


class Stale(SwitchyardError):
    """Somebody changed it meanwhile: read it again, then decide."""

    code = "stale"


class Full(SwitchyardError):
    """A bound was reached: a queue is full, too many requests. Later may work."""

    code = "full"


class Denied(SwitchyardError):
    """Known, but not permitted."""

    code = "denied"


class Unauthenticated(SwitchyardError):
    """Not known, or no longer: sign in again."""

    code = "unauthenticated"


class Unavailable(SwitchyardError):
    """A service did not answer in time. Names the service."""

    code = "unavailable"

    def __init__(self, service: str, sentence: str = "") -> None:
        super().__init__(sentence or f"The {service} service does not answer at the moment.", service=service)


class Internal(SwitchyardError):
    """A defect of ours. Details are in the log under the same request, never in the sentence."""

    code = "internal"
