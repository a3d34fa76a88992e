"""The picture of the page in README, and the browser that takes it."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from documentation import chromium, page_picture
from documentation.chromium import Chromium, find_chromium
from tests.serving.page.stub_server import StubServer

ROOT = Path(__file__).resolve().parents[2]
LARGEST_PICTURE = 150_000
needs_browser = pytest.mark.skipif(find_chromium() is None, reason="No browser on PATH.")


@pytest.fixture
def browser(tmp_path):
    profile = tmp_path / "profile"
    profile.mkdir()
    browser = Chromium(profile)
    yield browser
    browser.close()


def test_the_picture_of_readme_is_stored_and_small():
    assert "(docs/static/page.png)" in (ROOT / "README.md").read_text()
    content = page_picture.PICTURE.read_bytes()
    assert len(content) < LARGEST_PICTURE
    assert struct.unpack(">II", content[16:24]) == (page_picture.WIDTH, page_picture.HEIGHT)


@needs_browser
def test_a_picture_shows_the_page_once_its_prediction_is_drawn(tmp_path):
    stub = StubServer()
    try:
        url, path = f"{stub.url}#n=3&steps=40", tmp_path / "page.png"
        page_picture.take_picture(url, path, tmp_path / "profile")
    finally:
        stub.close()
    image = Image.open(path)
    assert image.size == (page_picture.WIDTH, page_picture.HEIGHT)
    assert len(np.unique(np.asarray(image.convert("L")))) > 20
    assert any(path.endswith(":predict") for _, path in stub.requests)


@needs_browser
def test_a_browser_tells_what_went_wrong(browser):
    browser.open("data:text/html,<p>A page</p>")
    assert browser.evaluate("1 + 1") == 2
    with pytest.raises(RuntimeError, match="x is not defined"):
        browser.evaluate("x")
    with pytest.raises(TimeoutError, match="false stayed false on the page:\nA page"):
        browser.wait_for("false", timeout=0.1)
    with pytest.raises(RuntimeError, match=r"Page\.unknown: "):
        browser.call("Page.unknown")
    with pytest.raises(RuntimeError, match="The page has 0 controls only"):
        browser.unnamed_controls()


def test_without_a_browser_its_names_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    with pytest.raises(FileNotFoundError, match="No browser is on PATH: chromium, chromium-b"):
        Chromium(tmp_path)
