"""Which tenants are routed together."""

from __future__ import annotations

from collections.abc import Mapping

from services.acd.config import OTHERS


class Shards:
    """Tenants to shards; `*` stands for all that no other shard has."""

    def __init__(self, members: Mapping[str, frozenset[str]]) -> None:
        self._of = {tenant: name for name, tenants in members.items() for tenant in tenants}
        self.names = list(members)

    def of(self, tenant: str) -> str:
        """The shard of this tenant."""
        return self._of.get(tenant) or self._of[OTHERS]

    def serves(self, shard: str, tenant: str) -> bool:
        return self.of(tenant) == shard
