"""An agent's page in a browser, in words: sign in, be called, answer, wrap up."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Self

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    ViewportSize,
    WebSocket,
    expect,
)
from playwright.async_api import TimeoutError as NotSeen

from tests.e2e.centre import PASSWORD

WORDS = {
    "en": {
        "username": "User name",
        "password": "Password",
        "sign_in": "Sign in",
        "ready": "Set ready",
        "ringing": "Incoming call",
        "talking": "Talking",
        "wrap_up": "Wrap-up",
        "answer": "Answer",
        "reject": "Reject",
        "keypad": "Keypad",
        "hold": "Hold",
        "retrieve": "Retrieve",
        "transfer": "Transfer",
        "transfer_to": "Queue or colleague",
        "transfer_now": "Transfer now",
        "transferred": "You transferred the caller",
        "hang_up": "Hang up",
        "result": "Result",
        "resolved": "Resolved",
        "notes": "Notes",
        "order": "Create a work order",
        "title": "Title",
        "finish": "Finish",
        "idle": "Ready for the next call",
        "presence": "Presence",
        "sign_out": "Sign out",
        "language": "Language",
        "reconnecting": "Connection lost, reconnecting …",
        "connected": "Connected",
        "take_over": "Take over here",
        "replaced": "You signed in at another place",
    },
    "zh-CN": {
        "username": "用户名",
        "password": "密码",
        "sign_in": "登录",
        "ready": "准备接听",
        "ringing": "来电",
        "talking": "通话中",
        "wrap_up": "话后处理",
        "answer": "接听",
        "reject": "拒接",
        "keypad": "拨号键盘",
        "hold": "保持",
        "retrieve": "取回",
        "transfer": "转接",
        "transfer_to": "队列或同事",
        "transfer_now": "立即转接",
        "transferred": "您已转接该客户",
        "hang_up": "挂断",
        "result": "处理结果",
        "resolved": "已解决",
        "notes": "备注",
        "order": "创建工单",
        "title": "标题",
        "finish": "完成",
        "idle": "准备接听下一个来电",
        "presence": "坐席状态",
        "sign_out": "退出登录",
        "language": "语言",
        "reconnecting": "连接中断，正在重连…",
        "connected": "已连接",
        "take_over": "在此接管",
        "replaced": "您已在别处登录",
    },
}
# As the page itself does it, without its questions.
SIGN_OUT = """async () => {
  const renewed = await fetch("/api/v1/session/refresh", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: "{}",
  });
  if (!renewed.ok) return;
  const { access_token } = await renewed.json();
  await fetch("/api/v1/session", { method: "DELETE", headers: { Authorization: `Bearer ${access_token}` } });
}"""
LEFT_MS = 5_000
SIZE: ViewportSize = {"width": 1280, "height": 800}
EXPECTED_NOISE = re.compile(r"WebSocket connection to|net::ERR_CONNECTION_REFUSED|status of (401|429|503)")


@dataclass
class Desk:
    """One page. `problems` are errors that the browser's console showed and nobody expected."""

    context: BrowserContext
    page: Page
    language: str
    dark: bool = False
    problems: list[str] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def open(cls, context: BrowserContext, url: str, language: str, *, dark: bool = False) -> Self:
        page = await context.new_page()
        desk = cls(context, page, language, dark)
        page.on("console", desk._heard)
        page.on("websocket", desk._connected)
        page.on("pageerror", lambda error: desk.problems.append(str(error)))
        await page.goto(url)
        return desk

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED_NOISE.search(message.text):
            self.problems.append(message.text)

    def _connected(self, socket: WebSocket) -> None:
        if not socket.url.endswith("/agent/socket"):
            return  # the telephone's, which speaks SIP
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))
        socket.on("framereceived", lambda frame: self.replies.append(json.loads(frame)))

    def commands(self, kind: str) -> list[tuple[dict[str, Any], bool]]:
        """Commands of that type which were answered, with their data and whether they were carried out."""
        answers = {each["id"]: each["ok"] for each in self.replies if each.get("type") == "reply"}
        return [
            (each["data"], answers[each["id"]])
            for each in self.sent
            if each["type"] == kind and each["id"] in answers
        ]

    def say(self, word: str) -> str:
        return WORDS[self.language][word]

    def button(self, word: str) -> Locator:
        return self.page.get_by_role("button", name=self.say(word))

    def card(self, word: str) -> Locator:
        """The card of the call in one of its states."""
        return self.page.locator(f".call-card[aria-label='{self.say(word)}']")

    async def sign_in(self, username: str, password: str = PASSWORD) -> None:
        await self.page.get_by_label(self.say("username")).fill(username)
        await self.page.get_by_label(self.say("password"), exact=True).fill(password)
        await self.page.locator("button[type=submit]", has_text=self.say("sign_in")).click()

    async def ready(self) -> None:
        await self.page.locator(".idle").get_by_role("button", name=self.say("ready")).click()
        await expect(self.page.get_by_role("heading", name=self.say("idle"), exact=True)).to_be_visible()

    async def rings(self) -> Locator:
        card = self.card("ringing")
        await expect(card).to_be_visible(timeout=30_000)
        return card

    async def answer(self) -> Locator:
        await self.card("ringing").get_by_role("button", name=self.say("answer")).click()
        talking = self.card("talking")
        await expect(talking).to_be_visible(timeout=30_000)
        return talking

    async def hang_up(self) -> None:
        await self.card("talking").get_by_role("button", name=self.say("hang_up")).click()
        await expect(self.card("wrap_up")).to_be_visible(timeout=30_000)

    async def choose_result(self) -> None:
        await self.page.get_by_label(self.say("result"), exact=True).click()
        await self.page.locator(".ant-select-item-option").filter(has_text=self.say("resolved")).click()

    async def wrap_up(self, **order: Any) -> None:
        """With a result; with a work order where a title is given."""
        await self.choose_result()
        if title := order.get("title"):
            await self.page.get_by_role("checkbox", name=self.say("order")).check()
            await self.page.get_by_label(self.say("title"), exact=True).fill(title)
        await self.page.get_by_role("button", name=re.compile(self.say("finish"))).click()

    async def sign_out(self) -> None:
        await self.button("sign_out").first.click()
        await expect(self.page.get_by_label(self.say("username"))).to_be_visible()

    async def go_home(self) -> None:
        """However the test ended: nobody stays ready."""
        if await self.button("sign_out").first.is_visible():
            await self.page.evaluate(SIGN_OUT)

    async def is_left(self) -> bool:
        """After `go_home`: whether the page asks who comes next, as if nobody had been there."""
        try:
            await self.page.get_by_label(self.say("username")).wait_for(timeout=LEFT_MS)
        except NotSeen:
            return False  # another place had taken its desk, for one: it does not hear that it is signed out
        await self.page.unroute_all(behavior="wait")
        await self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        await self.context.clear_cookies()
        await self.page.mouse.move(0, 0)
        if self.page.viewport_size != SIZE:
            await self.page.set_viewport_size(SIZE)
        for heard in (self.problems, self.replies, self.sent):
            heard.clear()
        return True
