"""Secrets of one data folder: all are derived from one, so they survive a restart and nobody types them."""

import hashlib
import hmac
import secrets
from pathlib import Path


class Keys:
    def __init__(self, path: Path) -> None:
        self._secret = read_or_make(path)

    def derive(self, purpose: str) -> str:
        """64 hex digits, always the same for the same purpose."""
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).hexdigest()


def read_or_make(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_hex(32))
        partial.rename(path)
    return path.read_bytes()
