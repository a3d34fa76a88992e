"""A server of the page and, where there is one, a browser."""

import pytest

from documentation.chromium import BINARIES, Chromium, find_chromium
from tests.serving.page.stub_server import StubServer


@pytest.fixture(scope="module")
def stub():
    server = StubServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find_chromium() is None:
        pytest.skip(f"No browser on PATH: {', '.join(BINARIES)}.")
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
