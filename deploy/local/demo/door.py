"""The gateway's REST side, as the demo uses it: sign-in and the administrator's work."""

from __future__ import annotations

from typing import Any

import httpx

from deploy.local.processes import ProcessError


class Door:
    """One signed-in person. Raises ProcessError with the gateway's own sentence when it refuses."""

    def __init__(self, client: httpx.AsyncClient, signed_in: dict[str, Any]) -> None:
        self._client = client
        self.token: str = signed_in["access_token"]
        self.refresh_token: str = signed_in.get("refresh_token", "")
        self.user: dict[str, Any] = signed_in["user"]

    @classmethod
    async def sign_in(cls, client: httpx.AsyncClient, username: str, password: str) -> Door:
        who = {"username": username, "password": password}
        return cls(client, _answer(await client.post("/api/v1/session", json=who)))

    async def refresh(self) -> None:
        answer = await self._client.post(
            "/api/v1/session/refresh", json={"refresh_token": self.refresh_token}
        )
        renewed = _answer(answer)
        self.token, self.refresh_token = renewed["access_token"], renewed["refresh_token"]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return _answer(await self._client.request(method, f"/api/v1{path}", json=body, headers=headers))


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        sentence = response.json()["error"]["sentence"]
    except (ValueError, KeyError, TypeError):
        sentence = f"status {response.status_code}"
    raise ProcessError(
        f"the gateway refused {response.request.method} {response.request.url.path}: {sentence}"
    )
