import os
import signal

import pytest

from qtf.worker_processes import ONE_THREAD, default_workers, run_in_processes


def variable(name):
    return os.environ.get(name)


def end(how):
    os.kill(os.getpid(), how)


def test_default_workers_are_the_cores_of_the_process():
    assert 1 <= default_workers() <= os.cpu_count()


def test_processes_have_one_thread_and_the_variables_that_are_given(monkeypatch):
    monkeypatch.delenv("QTF_OF_A_TEST", raising=False)
    tasks = [("QTF_OF_A_TEST",), *((name,) for name in ONE_THREAD)]
    results = run_in_processes(
        variable, tasks, workers=1, caller="f", variables={"QTF_OF_A_TEST": "7"}
    )
    assert list(results) == ["7", "1", "1", "1"]
    assert "QTF_OF_A_TEST" not in os.environ


def test_a_killed_process_is_told_and_cleaned_up_after():
    cleaned = []
    results = run_in_processes(
        end, [(signal.SIGKILL,)], workers=1, caller="f", clean_up=lambda: cleaned.append(1)
    )
    with pytest.raises(OSError, match="A worker process was killed, perhaps for lack of memory"):
        list(results)
    assert cleaned == [1]
