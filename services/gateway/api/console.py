"""The built web console as static files, or a plain page that says how to build it."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Switchyard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<h1>The web console is not built</h1>
<p>The gateway runs; only the pages are missing. On this machine type</p>
<pre>./switchyard console</pre>
<p>and reload this page. It needs no node: the one from PyPI is used where none is installed.
The API is described at <a href="/api/openapi.json">/api/openapi.json</a>.</p>
<h2 lang="zh-CN">网页控制台尚未构建</h2>
<p lang="zh-CN">网关已在运行，只缺网页。请在本机运行上面的命令，然后刷新本页。</p>
</html>
"""

FOREVER = "public, max-age=31536000, immutable"  # Vite puts a hash of the content into these names
ASK_FIRST = "no-cache"
NEVER = "no-store"  # a page kept would come back with the nonce of yesterday's policy
NONCE = "__CSP_NONCE__"  # where web/vite.config.ts wants it
PAGE = "index.html"
COMPRESSED = (("br", ".br"), ("gzip", ".gz"))  # beside the files, the smaller one first: web/compressed.ts


class Console:
    """An ASGI endpoint for everything outside /api."""

    def __init__(self, directory: Path | None, policy: Callable[[str], str]) -> None:
        self._root = directory.resolve() if directory else None
        self._policy = policy

    async def serve(self, request: Request) -> Response:
        """GET and HEAD only; the route says so."""
        path = request.path_params["path"]
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        if self._root is None or not await anyio.Path(self._root / PAGE).is_file():
            if path:
                raise HTTPException(404)
            return HTMLResponse(NOT_BUILT, 200, {"Cache-Control": ASK_FIRST})
        found = await anyio.to_thread.run_sync(self._find, path)
        if found is None:
            raise HTTPException(404)
        if found == self._root / PAGE:
            return await self._page(found)
        caching = FOREVER if found.parent.name == "assets" else ASK_FIRST
        accepted = encodings(request.headers.get("accept-encoding", ""))
        return await anyio.to_thread.run_sync(_file, found, accepted, caching)

    async def _page(self, found: Path) -> Response:
        """Ant Design writes its styles at run time: a nonce, new for each page, allows them to it alone."""
        nonce = secrets.token_urlsafe(16)
        text = (await anyio.Path(found).read_text("utf-8")).replace(NONCE, nonce)
        headers = {"Cache-Control": NEVER, "Content-Security-Policy": self._policy(nonce)}
        return HTMLResponse(text, headers=headers)

    def _find(self, path: str) -> Path | None:
        """The file, or the page for an address within the console; never anything outside the folder."""
        assert self._root is not None  # noqa: S101 (checked by the caller)
        if "\\" in path or "\x00" in path or ".." in PurePosixPath(path).parts:
            return None
        wanted = (self._root / path.lstrip("/")).resolve()  # also follows links, which may lead out
        if not wanted.is_relative_to(self._root):
            return None
        if wanted.is_file():
            return wanted
        return None if PurePosixPath(path).suffix else self._root / PAGE


def encodings(accept: str) -> set[str]:
    """Those that an Accept-Encoding header allows by name."""
    named = (each.replace(" ", "").lower().partition(";") for each in accept.split(","))
    return {name for name, _, weight in named if name and weight.rstrip("0.") != "q="}


def _file(found: Path, accepted: set[str], caching: str) -> Response:
    """The file, or what the build compressed of it: the first visit loads a megabyte."""
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    for encoding, suffix in COMPRESSED:
        beside = found.with_name(found.name + suffix)
        if encoding in accepted and beside.is_file():
            return FileResponse(beside, headers=headers | {"Content-Encoding": encoding}, media_type=kind)
    return FileResponse(found, headers=headers, media_type=kind)
