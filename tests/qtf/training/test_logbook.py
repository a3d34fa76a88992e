import pytest

from qtf.training import logbook as module
from qtf.training.logbook import Logbook
from qtf.training.run_folder import RunFolder
from qtf.training.tensor_board import TensorBoard


@pytest.fixture
def clock(monkeypatch):
    """Seconds that have passed, in a list of one."""
    seconds = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: seconds[0])
    return seconds


@pytest.fixture
def logbook(tmp_path, clock):
    folder = RunFolder(tmp_path)
    found = Logbook(folder, n_steps=100, batch_size=10, make_board=TensorBoard)
    found.start(0, {})
    yield found
    found.close()


def take_step(logbook, clock, seconds):
    clock[0] += seconds
    logbook.stepped(seconds)
    logbook.advance(1.0)


def test_speed_and_time_left_leave_out_the_first_step(logbook, clock, capsys):
    take_step(logbook, clock, 180.0)
    for _ in range(9):
        take_step(logbook, clock, 2.0)
    logbook.say(10, "epoch 1/10")
    last = capsys.readouterr().err.splitlines()[-1]
    # 90 steps of 2 seconds, 10 sequences each.
    assert last == "step 10/100  epoch 1/10  5 sequences/s  0.0% waiting for data  3.0 min left"


def test_after_the_first_step_alone_no_time_is_guessed(logbook, clock, capsys):
    take_step(logbook, clock, 180.0)
    logbook.say(1, "epoch 1/100")
    assert capsys.readouterr().err.splitlines()[-1] == "step 1/100  epoch 1/100"


def test_without_a_terminal_a_line_tells_of_long_epochs(logbook, clock, capsys):
    for seconds in (100.0, 20.0, 20.0, 20.0):
        take_step(logbook, clock, seconds)
    lines = [line for line in capsys.readouterr().err.splitlines() if "loss" in line]
    assert lines == ["step 3/100  loss 1  32.3 min left"]
