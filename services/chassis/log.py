"""Structured logs: one JSON object a line, events rather than sentences, the contact bound once."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal

import orjson
import structlog

_SECRET = re.compile(r"password|secret|token|authorization|cookie|database_url", re.IGNORECASE)
MAX_VALUE = 2_000  # a hostile header must not fill the disk through the log


def configure(
    service: str,
    level: Literal["debug", "info", "warning", "error"] = "info",
    fmt: Literal["json", "console"] = "json",
) -> None:
    """Sets up logging for the process: structlog to standard error, and the standard library through it."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    root.handlers = [_ToStructlog()]
    root.setLevel(max(threshold, logging.WARNING))


@contextmanager
def bind_contact(contact_id: str) -> Iterator[None]:
    """Every line logged in the block (by this task) names the contact."""
    with structlog.contextvars.bound_contextvars(contact_id=contact_id):
        yield


class _ToStructlog(logging.Handler):
    """Libraries log by the standard library; their warnings end in the same stream, same shape."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger().bind(logger=record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET.search(key):
            event[key] = "(hidden)"
        elif isinstance(value, str) and len(value) > MAX_VALUE and key != "exception":
            event[key] = value[:MAX_VALUE] + "…"
    return event


def _dumps(event: Any, **options: Any) -> str:
    return orjson.dumps(event, default=options.get("default", str)).decode()
