"""Drives headless Chromium through a pair of pipes, by the DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BINARIES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

# Roles of what must have a name.
CONTROLS = (
    "button",
    "combobox",
    "radio",
    "slider",
    "spinbutton",
    "textbox",
    "link",
    "image",
    "radiogroup",
)

# Chromium reads commands from descriptor 3 and writes answers to descriptor 4; those given
# may be 3 and 4 themselves, in any order, so they are moved out of the way first.
LAUNCHER = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_chromium() -> str | None:
    """Returns the path of the first browser of `BINARIES` that is installed, or None."""
    return next((path for path in map(shutil.which, BINARIES) if path), None)


class Chromium:
    """A browser with one page.

    Args:
        profile: Empty folder for what the browser keeps.

    Attributes:
        events: What has happened since the page was opened, as the protocol tells it.

    Raises:
        FileNotFoundError: No browser is installed.
    """

    def __init__(self, profile: Path) -> None:
        binary = find_chromium()
        if binary is None:
            raise FileNotFoundError(f"No browser is on PATH: {', '.join(BINARIES)}.")
        ours, theirs = os.pipe(), os.pipe()
        commands, answers = ours[0], theirs[1]
        self._write, self._read = ours[1], theirs[0]
        arguments = [binary, *FLAGS, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(commands), str(answers), *arguments],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._buffer, self._next_id = b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        self._attach()

    def open(self, url: str) -> None:
        """Opens a page afresh; `events` holds what happens from here on."""
        self.call("Page.navigate", url="about:blank")
        self.wait_for("location.href === 'about:blank'")
        self.events.clear()
        self.call("Page.navigate", url=url)
        at_url = f"location.href.startsWith({json.dumps(url.split('#')[0])})"
        self.wait_for(f"{at_url} && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Returns the value of an expression of JavaScript on the page.

        Raises:
            RuntimeError: The expression throws.
        """
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout: float = 30.0) -> None:
        """Waits until an expression of JavaScript is true.

        Args:
            expression: The expression.
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: It stayed false.
        """
        deadline = time.monotonic() + timeout
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                text = self.evaluate("document.body?.innerText")
                raise TimeoutError(f"{expression} stayed false on the page:\n{text}")
            time.sleep(0.02)

    def press(self, key: str, code: int = 0) -> None:
        """Presses a key and lets it go.

        Args:
            key: Its name, such as "Enter".
            code: Its number on Windows, by which some keys act.
        """
        # Only a return that is typed as a sign presses buttons and sends forms.
        typed = {"text": "\r"} if key == "Enter" else {}
        for kind, more in (("keyDown", typed), ("keyUp", {})):
            parts: dict[str, Any] = {
                "type": kind,
                "key": key,
                "windowsVirtualKeyCode": code,
                **more,
            }
            self.call("Input.dispatchKeyEvent", **parts)

    def type(self, sign: str) -> None:
        """Types a sign."""
        self.call("Input.dispatchKeyEvent", type="char", text=sign)

    def click(self, x: float, y: float) -> None:
        """Clicks at a point of the window, in pixels."""
        for kind in ("mousePressed", "mouseReleased"):
            place: dict[str, Any] = {"x": x, "y": y, "button": "left", "clickCount": 1}
            buttons = int(kind == "mousePressed")
            self.call("Input.dispatchMouseEvent", type=kind, buttons=buttons, **place)

    def screenshot(
        self, path: Path, *, width: int, height: int | None = None, dark: bool = False
    ) -> None:
        """Writes a picture of the page.

        Args:
            path: The PNG file.
            width: Of the window, in pixels.
            height: Of the window; None: that of the whole page.
            dark: Whether the page is asked for its dark colours.
        """
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._resize(width, 900)
        time.sleep(0.3)
        self._resize(width, height or self.evaluate("document.documentElement.scrollHeight"))
        time.sleep(0.3)
        image = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(image["data"]))

    def resize(self, width: int, height: int) -> None:
        """Gives the window a size, in pixels."""
        self._resize(width, height)

    def unnamed_controls(self) -> list[dict[str, Any]]:
        """Returns the nodes of controls and images that have no name for a screen reader.

        Raises:
            RuntimeError: The page has so few controls that it is not the one that is meant.
        """
        tree = self.call("Accessibility.getFullAXTree")["nodes"]
        controls = [node for node in tree if node.get("role", {}).get("value") in CONTROLS]
        if len(controls) < 10:
            raise RuntimeError(f"The page has {len(controls)} controls only.")
        return [node for node in controls if not node.get("name", {}).get("value")]

    def requested(self) -> list[str]:
        """Returns the addresses of all requests since the page was opened."""
        sent = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[dict[str, Any]]:
        """Returns all that stands in the browser's console since the page was opened."""
        methods = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event["params"] for event in self.events if event["method"] in methods]

    def call(self, method: str, *, session: bool = True, **parameters: Any) -> Any:
        """Returns what a method of the DevTools protocol answers.

        Args:
            method: Its name.
            session: Whether it is about the page; else about the browser.
            **parameters: Its parameters.

        Raises:
            RuntimeError: The browser refuses.
        """
        self._next_id += 1
        message: dict[str, Any] = {"id": self._next_id, "method": method, "params": parameters}
        if session and self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._next_id:
                break
            if "method" in answer:
                self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def close(self) -> None:
        """Asks the browser to end, with all its processes."""
        try:
            self.call("Browser.close", session=False)
            self._process.wait(10)
        except (OSError, TimeoutError, EOFError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def _attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def _receive(self, timeout: float = 60.0) -> Any:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], timeout)[0]:
                raise TimeoutError("Chromium does not answer.")
            chunk = os.read(self._read, 1 << 16)
            if not chunk:
                raise EOFError("Chromium has ended.")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
