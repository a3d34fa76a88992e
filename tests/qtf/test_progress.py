import os
import pty
import subprocess
import sys
import termios
import time

import pytest

from qtf import progress
from qtf.progress import announced
from tests.without_progress import without_progress


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.2)
    monkeypatch.setattr(progress, "EVERY", 0.2)
    monkeypatch.setattr(progress, "_INTERVAL", 0.05)
    monkeypatch.setattr(progress, "_reporter", progress._Reporter())


def test_what_is_short_says_nothing(impatient, capsys):
    with announced("squares", total=3) as activity:
        activity.advance(3)
    time.sleep(0.3)
    assert capsys.readouterr().err == ""


def test_what_is_long_says_how_far_it_is(impatient, capsys):
    with announced("squares", total=3) as activity:
        activity.advance()
        time.sleep(0.4)
    text = capsys.readouterr().err
    lines = text.splitlines()
    assert lines[0].startswith("squares: 1/3 in 0 s, about ")
    assert lines[-1] == "squares: done in 0 s"
    assert without_progress(f"{text}A word.\n") == "A word.\n"


def test_the_innermost_long_activity_is_told(impatient, capsys):
    with announced("outer"):
        for _ in range(3):
            with announced("short"):
                time.sleep(0.1)
        with announced("inner"):
            time.sleep(0.4)
    text = capsys.readouterr().err
    assert "short" not in text
    assert text.index("outer: 0 s so far") < text.index("inner: 0 s so far")


def test_nothing_is_said_where_it_is_not_enabled(impatient, capsys):
    with announced("squares", enabled=False):
        time.sleep(0.4)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar():
    program = (
        "import time; from qtf import progress;"
        "progress.PATIENCE, progress._INTERVAL = 0.1, 0.05\n"
        "with progress.announced('squares', total=3) as activity:\n"
        "    activity.advance(2); time.sleep(0.5)\n"
        "with progress.announced('waiting'): time.sleep(0.5)"
    )
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    subprocess.run([sys.executable, "-c", program], stderr=child, check=True, timeout=60)
    text = os.read(parent, 100_000).decode()
    for descriptor in (parent, child):
        os.close(descriptor)
    assert "squares:  67%" in text
    assert "2/3" in text
    assert "waiting: 00:00" in text
