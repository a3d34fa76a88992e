"""Runs in another process: the protocol, without any peer installed."""

import sys

import pytest

from benchmarks.peers import remote as remote_module
from benchmarks.peers.remote import PYTHON_VARIABLE, remote

MODULE = """
from benchmarks.peers.remote import serve

def work(seconds):
    print("libraries print")
    return lambda: seconds

serve({"work": work, "broken": lambda: 1 / 0})
"""


@pytest.fixture
def other_root(tmp_path, monkeypatch):
    folder = tmp_path / "benchmarks" / "peers"
    folder.mkdir(parents=True)
    (folder / "fake.py").write_text(MODULE)
    for name in ("timing.py", "peers/remote.py"):
        source = remote_module.ROOT / "benchmarks" / name
        (tmp_path / "benchmarks" / name).write_text(source.read_text())
    monkeypatch.setattr(remote_module, "ROOT", tmp_path)
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)


@pytest.mark.usefixtures("other_root")
def test_runs_come_back_with_their_seconds():
    with remote("fake") as make:
        long, short = make("work", seconds=2.5), make("work", seconds=0.5)
        assert [long(), short(), long()] == [2.5, 0.5, 2.5]


@pytest.mark.usefixtures("other_root")
def test_a_peer_that_fails_is_named(capfd):
    with remote("fake") as make, pytest.raises(RuntimeError, match="broken"):
        make("broken")()
    assert "ZeroDivisionError" in capfd.readouterr().err
