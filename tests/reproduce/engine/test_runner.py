import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from qtf.files import locked
from reproduce.engine import layout
from reproduce.engine.journal import Journal
from reproduce.engine.plan import plan_text, select
from reproduce.engine.runner import Runner, StageFailedError
from reproduce.engine.stages import Stage

# Appends a line to a log and writes its output; stands for a training.
MODULE = """
import sys, pathlib, time
folder = pathlib.Path(sys.argv[1])
with (folder / "log").open("a") as log:
    log.write(sys.argv[2] + "\\n")
if sys.argv[2] == "fail":
    sys.exit(3)
if sys.argv[2] == "slow" and not (folder / "no_sleep").exists():
    time.sleep(60)
(folder / sys.argv[2]).mkdir(exist_ok=True)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "worker.py").write_text(MODULE)
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    return tmp_path


def stage(folder, name, **changes):
    made = Stage(name, "worker", (str(folder), name), folder / name)
    return replace(made, **changes)


def run(folder, *stages):
    said = []
    Runner(folder, Journal(folder / "journal.json"), said.append).run(stages)
    return said


def log(folder):
    return (folder / "log").read_text().split()


def test_finished_stages_are_skipped(folder):
    stages = stage(folder, "a"), stage(folder, "b", needs=("a",))
    said = run(folder, *stages)
    assert said[0].startswith("== a, about 1 min: python -m worker")
    assert run(folder, *stages) == ["== a: finished already", "== b: finished already"]
    assert log(folder) == ["a", "b"]
    entry = json.loads((folder / "journal.json").read_text())["a"]
    assert entry["finished"] is True
    assert entry["seconds"] > 0


def test_changed_inputs_keep_the_old_output_aside(folder):
    (folder / "input").write_text("1")
    made = stage(folder, "a", inputs=(folder / "input",))
    run(folder, made)
    (folder / "a" / "weights").write_text("old")
    (folder / "input").write_text("2")
    said = run(folder, made)
    assert "== a: its inputs have changed; the old output is now" in said[0]
    assert (folder / "a.old-1" / "weights").read_text() == "old"
    assert not (folder / "a" / "weights").exists()
    (folder / "input").write_text("3")
    run(folder, made)
    assert (folder / "a.old-2").exists()


def test_output_outside_the_folder_is_never_moved(folder):
    out_dir = folder / "out"
    out_dir.mkdir()
    made = stage(folder, "a")
    worker = Runner(out_dir, Journal(out_dir / "journal.json"), lambda text: None)
    worker.run([made])
    worker.run([replace(made, arguments=(*made.arguments, "more"))])
    assert not list(folder.glob("a.old*"))
    assert log(folder) == ["a", "a"]


def test_a_missing_output_is_made_again(folder):
    run(folder, stage(folder, "a"))
    (folder / "a").rmdir()
    run(folder, stage(folder, "a"))
    assert log(folder) == ["a", "a"]


def test_an_output_from_elsewhere_is_continued(folder):
    (folder / "a").mkdir()
    (folder / "a" / "weights").write_text("trained by hand")
    run(folder, stage(folder, "a"))
    assert (folder / "a" / "weights").exists()
    assert log(folder) == ["a"]


def test_a_failing_stage_stops_the_rest_and_is_tried_again(folder):
    stages = stage(folder, "fail"), stage(folder, "b")
    for _ in range(2):
        with pytest.raises(StageFailedError, match="Stage fail ended with exit code 3"):
            run(folder, *stages)
    assert log(folder) == ["fail", "fail"]


def test_a_stage_whose_need_is_missing_is_an_error(folder):
    with pytest.raises(ValueError, match="Stage b needs stage a, which is not finished"):
        run(folder, stage(folder, "b", needs=("a",)))


def test_a_stage_that_writes_nothing_is_an_error(folder):
    made = stage(folder, "a", output=folder / "nowhere")
    with pytest.raises(ValueError, match="Stage a has not written .*nowhere"):
        run(folder, made)


def test_seconds_of_an_interrupted_stage_are_added_up(folder):
    with pytest.raises(StageFailedError):
        run(folder, stage(folder, "fail"))
    journal = Journal(folder / "journal.json")
    assert journal["fail"].seconds > 0
    journal.update("fail", seconds=1000.0)
    with pytest.raises(StageFailedError):
        run(folder, stage(folder, "fail"))
    assert Journal(folder / "journal.json")["fail"].seconds > 1000.0


def test_a_damaged_journal_is_named(tmp_path):
    (tmp_path / "journal.json").write_text("{")
    with pytest.raises(ValueError, match=r"File .*journal.json holds no JSON"):
        Journal(tmp_path / "journal.json")


def test_a_second_process_is_refused(tmp_path):
    with locked(tmp_path), pytest.raises(ValueError, match="in use by another process"):  # noqa: SIM117
        with locked(tmp_path):
            pass


def test_the_command_dies_with_a_killed_runner(tmp_path):
    program = (
        "import sys; from reproduce.engine.runner import run_command_with_heartbeat as run;"
        "run([sys.executable, '-c', sys.argv[1]], lambda: None)"
    )
    child = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()));"
    process = subprocess.Popen([sys.executable, "-c", program, child + "time.sleep(60)"])
    pid = wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not is_running(int(pid)))


def test_after_a_kill_the_stage_in_work_runs_again_and_no_other(folder):
    program = (
        "import sys; from pathlib import Path; from dataclasses import replace;"
        "from reproduce.engine import layout, journal, runner;"
        "from reproduce.engine.stages import Stage;"
        "layout.ROOT = folder = Path(sys.argv[1]);"
        "stages = [Stage(n, 'worker', (str(folder), n), folder / n) for n in sys.argv[2:]];"
        "kept = journal.Journal(folder / 'journal.json');"
        "runner.Runner(folder, kept, lambda text: None).run(stages)"
    )
    arguments = [sys.executable, "-c", program, str(folder), "a", "slow"]
    process = subprocess.Popen(arguments)
    wait_for(lambda: (folder / "log").exists() and log(folder) == ["a", "slow"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder / "no_sleep").touch()
    assert subprocess.run(arguments, check=False).returncode == 0
    assert log(folder) == ["a", "slow", "slow"]


def test_ctrl_c_reaches_the_command_once_as_sigterm(tmp_path):
    program = (
        "import sys; from reproduce.engine.runner import run_command_with_heartbeat as run;"
        "run([sys.executable, '-c', *sys.argv[1:]], lambda: None)"
    )
    child = (
        "import pathlib, signal, sys, time; folder = pathlib.Path(sys.argv[1]); got = [];"
        "signal.signal(signal.SIGTERM, lambda number, frame: got.append(number));"
        "signal.signal(signal.SIGINT, lambda number, frame: got.append(number));"
        "(folder / 'ready').touch();\n"
        "while not got: time.sleep(0.01)\n"
        "time.sleep(0.3); (folder / 'got').write_text(str(got))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, child, str(tmp_path)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: (tmp_path / "ready").exists())
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=60)
    assert (tmp_path / "got").read_text() == f"[{signal.SIGTERM.value}]"


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().split()[2] != "Z"


def test_the_plan_counts_what_is_left(folder):
    stages = [stage(folder, "a", minutes=30.0), stage(folder, "b", minutes=120.0)]
    text = plan_text(stages, lambda made: made.name == "a")
    assert [line.split()[-1] for line in text.splitlines()[1:]] == ["finished", "h", "h"]
    assert "still to do" in text
    assert "2.0 h" in text


def test_the_plan_knows_that_a_changing_output_reopens_what_reads_it(folder):
    base = stage(folder, "base", output=folder / "run")
    tuned = stage(folder, "tuned", inputs=(folder / "run" / "weights",))
    text = plan_text([base, tuned], lambda made: made.name == "tuned")
    assert "finished" not in text


def test_select_keeps_the_natural_order(folder):
    stages = [stage(folder, name) for name in "abc"]
    assert [made.name for made in select(stages, ["c", "a"])] == ["a", "c"]
    assert select(stages, []) == stages
    with pytest.raises(ValueError, match="Flag --stages holds 'd'; known are a, b, c"):
        select(stages, ["d"])
