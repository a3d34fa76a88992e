import json
import time

import numpy as np
import pytest

from reproduce.engine.layout import Layout
from reproduce.engine.minutes import training_minutes
from reproduce.report import write_report
from reproduce.sections.dynamics.material import Evaluation, collect
from reproduce.sections.dynamics.runs import evaluation_folder, printed_states_file


def write_events(workdir, seconds):
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(workdir / "tensorboard"))
    with writer.as_default(step=0):
        tf.summary.scalar("loss", 1.0)
        writer.flush()
        time.sleep(seconds)
        tf.summary.scalar("loss", 0.5)
    writer.close()


def make_run(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"loss": "squared_distance"}')
    rows = [{"step": 1, "kind": "training"}, {"step": 2, "kind": "validation"}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_training_minutes_add_up_over_starts(tmp_path):
    write_events(tmp_path, 0.3)
    # Not from the end of the first start to the beginning of the second.
    time.sleep(0.3)
    write_events(tmp_path, 0.3)
    assert 0.55 < 60 * training_minutes(tmp_path) < 0.85


def test_training_minutes_without_records_are_zero(tmp_path):
    assert training_minutes(tmp_path) == 0.0


def test_collect_takes_what_is_there(tmp_path):
    layout = Layout(tmp_path)
    make_run(layout.run("increment"))
    (layout.run("increment") / "generator.json").write_text('{"name": "ising"}')
    evaluation_folder(layout, "increment").mkdir(parents=True)
    (evaluation_folder(layout, "increment") / "metrics.json").write_text('{"n_sites": {}}')
    np.savez(printed_states_file(layout), exact_n2=np.ones(3))
    layout.journal.write_text('{"increment": {"seconds": 90.0}}')
    found = collect(layout)
    assert [record.step for record in found.runs["increment"].validation] == [2]
    assert set(found.runs) == {"increment"}
    assert found.runs["increment"].minutes == pytest.approx(1.5)
    assert [record.step for record in found.runs["increment"].training] == [1]
    assert found.runs["increment"].generator == {"name": "ising"}
    assert found.evaluations == {"increment": Evaluation()}
    np.testing.assert_array_equal(found.printed["exact_n2"], np.ones(3))
    assert found.times == ()


def test_a_report_of_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no finished run; run a training first"):
        list(write_report(Layout(tmp_path, tmp_path / "docs")))
