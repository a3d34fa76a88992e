import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from qtf.interruption import answered, finishing

ROOT = Path(__file__).parents[2]

# A lock of C waits as TensorFlow computes: without the lock of Python, and whatever signals come.
PROGRAM = """
import ctypes, os, threading
from qtf.command_line import run_command
from qtf.interruption import finishing

def compute(seconds, result=None):
    lock, library = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    library.pthread_mutex_lock(lock)
    timer = threading.Timer(seconds, lambda: library.pthread_mutex_unlock(lock))
    timer.daemon = True
    timer.start()
    if result:
        # Not yet written when the process is ended.
        print(result)
    os.write(1, b"ready\\n")
    library.pthread_mutex_lock(lock)

def once():
    compute(60, "a result")

def tidy():
    try:
        compute(1.5)
    finally:
        print("tidied")

def translate():
    # As C++ does that calls Python and is told of an error.
    try:
        compute(1.5)
    except KeyboardInterrupt:
        raise RuntimeError("a callback has failed") from None

def within_text():
    exec("compute(1.5)")

def end():
    import atexit
    atexit.register(compute, 1.0)

def steps(seconds):
    with finishing("qtf-test: finishing this step") as is_asked:
        while not is_asked():
            compute(seconds)
    print("saved", flush=True)
    raise KeyboardInterrupt

run_command("qtf-test", lambda: WHAT, grace=GRACE)
"""
MESSAGE = "qtf-test: finishing this step; again to stop now.\n"
END = "qtf-test: interrupted; the same command continues.\n"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def start():
    """Function of what to do: starts a command, which is inside a call of C then."""
    processes = []

    def started(what, grace=60, folder=None):
        program = PROGRAM.replace("WHAT", what).replace("GRACE", str(grace))
        words = ["-c", program]
        if folder:
            (folder / "program.py").write_text(program)
            words = ["-m", "program"]
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": str(ROOT)},
        )
        processes.append(process)
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None
        time.sleep(0.1)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_is_answered_during_a_step_which_then_ends(start, number):
    process = start("steps(2.0)")
    sent = time.monotonic()
    process.send_signal(number)
    assert process.stderr.readline() == "\n"
    assert process.stderr.readline() == MESSAGE
    assert time.monotonic() - sent < 1.0
    assert process.poll() is None
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "saved\n", END)


@pytest.mark.parametrize("number", SIGNALS)
def test_second_signal_ends_a_step_of_any_length(start, number):
    process = start("steps(60.0)")
    process.send_signal(number)
    assert process.stderr.readline() + process.stderr.readline() == "\n" + MESSAGE
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", END)


def test_interrupt_within_a_text_of_python_ends_a_module_with_130(start, tmp_path):
    process = start("within_text()", folder=tmp_path)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, END)


def test_command_that_does_not_come_to_an_end_in_time_is_ended(start):
    process = start("once()", grace=0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, END)
    assert out == "a result\n"


def test_interrupt_that_became_another_error_is_one_all_the_same(start):
    process = start("translate()")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", END)


def test_what_has_come_to_its_end_is_not_interrupted_any_more(start):
    process = start("end()")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_command_has_time_to_tidy_up(start):
    process = start("tidy()")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "tidied\n", END)


def test_in_a_library_a_second_signal_raises_and_handlers_come_back():
    before = signal.getsignal(signal.SIGINT)
    with finishing("finishing") as is_asked:
        assert not is_asked()
        signal.raise_signal(signal.SIGINT)
        assert is_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_without_anything_to_finish_the_first_signal_raises():
    with pytest.raises(KeyboardInterrupt), answered():
        signal.raise_signal(signal.SIGTERM)


def test_other_threads_finish_what_they_like():
    found = []

    def work():
        with finishing("finishing") as is_asked:
            found.append(is_asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
