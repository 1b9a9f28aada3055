"""The browsers that pages are tested in: Debian's `chromium` and `firefox-esr`, by its protocol."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

_START_S = 60.0


class Firefox:
    """A running Firefox: messages are JSON arrays with their length before them."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_START_S)
        self._incoming = self._socket.makefile("rb")
        self._receive()  # it greets
        self.command("WebDriver:NewSession", capabilities={})

    def command(self, name: str, **parameters: Any) -> Any:
        """Run a command and return its result."""
        message = json.dumps([0, 1, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, error
        return result

    def open(self, file: Path, width: int) -> None:
        self.command("WebDriver:SetWindowRect", width=width, height=900)
        self.command("WebDriver:Navigate", url=file.as_uri())

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        return self.command("WebDriver:ExecuteScript", script=f"return {expression}")["value"]

    def click(self, selector: str) -> None:
        """Click as a hand does: this is what lets sound begin."""
        found = self.command("WebDriver:FindElement", using="css selector", value=selector)
        (identifier,) = found["value"].values()
        self.command("WebDriver:ElementClick", id=identifier)

    def wait(self, expression: str) -> None:
        ends = time.monotonic() + 30.0
        while not self.evaluate(expression):
            assert time.monotonic() < ends, f"never came: {expression}"
            time.sleep(0.1)

    def messages(self, about: str) -> list[str]:
        """Return what the console says of a file."""
        self.command("Marionette:SetContext", value="chrome")
        every = self.evaluate("Services.console.getMessageArray().map(String)")
        self.command("Marionette:SetContext", value="content")
        return [message for message in every if about in message]

    def close(self) -> None:
        self._incoming.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b"".join(iter(lambda: self._incoming.read(1), b":"))
        return json.loads(self._incoming.read(int(length)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no browser: expected Debian's package chromium to be installed")
    # The sandbox of a browser does not start for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        pytest.skip("no Firefox: expected Debian's package firefox-esr to be installed")
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')
    options = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
    running = subprocess.Popen(
        [found, *options, "--profile", profile],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        driver = Firefox(_port(profile / "MarionetteActivePort"))
        yield driver
        driver.close()
    finally:
        running.terminate()
        running.wait(30)


def _port(file: Path) -> int:
    ends = time.monotonic() + _START_S
    while not (file.is_file() and file.read_text()):
        assert time.monotonic() < ends, "Firefox does not start"
        time.sleep(0.2)
    return int(file.read_text())
