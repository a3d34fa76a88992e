import csv
import json

import pytest

from trainers.sweep.table import make_rows, metric_names, read_metrics, write_table
from trainers.sweep.trial_run import Outcome, SweepFolder
from trainers.sweep.trials import make_trials


@pytest.fixture
def folder(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.make()
    return folder


def write_run(workdir, energy):
    workdir.mkdir()
    rows = [
        {"step": 1, "kind": "validation", "energy": 0.0},
        {"step": 2, "kind": "validation", "energy": energy, "norm": None},
        {"step": 2, "kind": "training", "loss": 7.0},
    ]
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_table_has_the_last_validation_of_finished_runs_and_all_digits(folder, tmp_path):
    trials = make_trials(["a.x=1,2"], "3:4")
    energy = -1.0 / 3.0
    write_run(folder.workdir(trials[0].name), energy)
    folder.record(Outcome(trials[0].name, "finished"))
    folder.record(Outcome(trials[1].name, "failed", "error: no"))
    rows = make_rows(trials, folder)
    assert metric_names(rows, trials) == ["energy"]
    write_table(tmp_path / "table.csv", rows, trials)
    first, second = csv.DictReader((tmp_path / "table.csv").read_text().splitlines())
    assert float(first.pop("energy")) == energy
    assert first == {
        "trial": "x=1,seed=3",
        "a.x": "1",
        "training.seed": "3",
        "status": "finished",
    }
    assert (second["status"], second["energy"]) == ("failed", "")


def test_metrics_of_a_run_are_those_of_its_result_too(tmp_path):
    workdir = tmp_path / "run"
    write_run(workdir, 1.0)
    result = {"energy": -2.0, "deep": {"value": 3, "word": "a"}, "sure": True, "bad": float("inf")}
    (workdir / "result.json").write_text(json.dumps(result))
    assert read_metrics(workdir) == {"energy": -2.0, "deep.value": 3}


def test_trial_that_has_not_run_has_a_row(folder):
    (row,) = make_rows(make_trials(["a.x=1"]), folder)
    assert row["status"] == "not finished"
