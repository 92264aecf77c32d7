"""A headless Chromium, driven over the DevTools protocol: for the page's tests and for its screenshots.

It sees only what a person's browser sees: a page over HTTP. `Tab.complaints` gathers whatever the browser complains of
(console errors, uncaught exceptions, refused by the content security policy, failed loads).
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_S = 30.0
ANSWER_S = 20.0
LOOK_S = 0.03
FLAGS = (
    *("--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions"),
    *("--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-port=0"),
    "--disable-dev-shm-usage",
    # A page that was left is gone, and so is its stream; and no process is kept ready for a page that nobody opens.
    "--disable-features=BackForwardCache,SpareRendererForSitePerProcess",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
    "--force-prefers-reduced-motion",
)


class BrowserError(Exception):
    """The browser, or the page in it, did not do what was asked; the text says what."""


def executable() -> str | None:
    """Where Chromium is; None on a machine without one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Tab:
    """One page. Methods raise BrowserError where the page throws, and where a wait is in vain."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser = browser
        self._session = session
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._browser.call(method, self._session, **params)

    async def go(self, url: str) -> None:
        """Load `url`; returns when the document is there (its modules have run)."""
        told = await self.call("Page.navigate", url=url)
        if told.get("errorText"):
            raise BrowserError(f"{url}: {told['errorText']}")
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def reload(self) -> None:
        """Load the page anew; returns when the new document is there."""
        await self.run("window.isOld = true; location.reload()")
        await self.until("!window.isOld && document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """The value of an expression of the page (awaited if it is a promise)."""
        told = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details.get("text", script)))
        return told["result"].get("value")

    async def until(self, condition: str, within_s: float = ANSWER_S) -> Any:
        """The first truthy value of an expression; an element is true."""
        asked = f"((value) => value instanceof Node || value)({condition})"
        ends_s = asyncio.get_running_loop().time() + within_s
        while True:
            with suppress(BrowserError):  # between two documents there is nothing to ask
                if value := await self.run(asked):
                    return value
            if asyncio.get_running_loop().time() > ends_s:
                shown = await self.run("document.body.innerText.slice(0, 600)")
                raise BrowserError(
                    f"not within {within_s:g} s: {condition}\n{self.complaints}\nthe page shows: {shown}"
                )
            await asyncio.sleep(LOOK_S)

    async def key(self, name: str, shift: bool = False) -> None:
        """Press and release one key: Tab, Enter, ArrowRight, …"""
        codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(name, "")
        pressed = {"key": name, "windowsVirtualKeyCode": codes[name], "modifiers": 8 if shift else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **pressed)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    async def window(self, width: int, height: int, dark: bool = False, phone: bool = False) -> None:
        """How large the page is, and which colours the system wants."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=scheme)

    async def picture(self, path: Path, whole: bool = False) -> None:
        """Save what is shown, or the `whole` page, as PNG."""
        size = await self.run("({width: innerWidth, height: Math.ceil(document.documentElement.scrollHeight)})")
        clip = {"clip": {"x": 0, "y": 0, "scale": 1, **size}, "captureBeyondViewport": True} if whole else {}
        told = await self.call("Page.captureScreenshot", format="png", **clip)
        path.write_bytes(base64.b64decode(told["data"]))

    def heard(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(" ".join(str(each.get("value", "")) for each in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            case "Page.javascriptDialogOpening":
                self.complaints.append(f"a dialog opened: {params['message']}")


class Browser:
    """The protocol over one socket: calls out, answers and events in."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}

    async def listen(self) -> None:
        async for frame in self._socket:
            told = json.loads(frame)
            if "id" in told:
                waiting = self._waiting.pop(told["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(told)
            elif told.get("sessionId") in self._tabs:
                self._tabs[told["sessionId"]].heard(told["method"], told["params"])

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        where = {} if session is None else {"sessionId": session}
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params, **where}))
        async with asyncio.timeout(ANSWER_S):
            told = await self._waiting[number]
        if "error" in told:
            raise BrowserError(f"{method}: {told['error']['message']}")
        result: dict[str, Any] = told["result"]
        return result

    async def tab(self) -> Tab:
        """A new page in a profile of its own: no cookie and no storage of another."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        made = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        session = (await self.call("Target.attachToTarget", targetId=made["targetId"], flatten=True))["sessionId"]
        tab = self._tabs[session] = Tab(self, session)
        for domain in ("Page", "Runtime", "Log"):
            await tab.call(f"{domain}.enable")
        return tab


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of our own on an empty profile, ended with the block."""
    program = executable()
    if program is None:
        raise BrowserError("there is no Chromium here; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="radar-browser-", ignore_cleanup_errors=True) as profile:
        flags = [*FLAGS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium refuses to sandbox for root
        process = await asyncio.create_subprocess_exec(
            program, *flags, "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            url = await _address(Path(profile) / "DevToolsActivePort", process)
            async with connect(url, max_size=None, ping_interval=None) as socket:
                driven = Browser(socket)
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(driven.listen())
                    try:
                        yield driven
                    finally:
                        listening.cancel()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _address(told: Path, process: asyncio.subprocess.Process) -> str:
    """Where DevTools listens, as Chromium writes it into its profile."""
    async with asyncio.timeout(START_S):
        while True:
            with suppress(FileNotFoundError):
                lines = told.read_text().splitlines()
                if len(lines) == 2:
                    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            if process.returncode is not None:
                raise BrowserError(f"Chromium ended at once with {process.returncode}")
            await asyncio.sleep(LOOK_S)
