import json

import pytest

from qtf.export import exporters
from qtf.export.model_card import model_card
from qtf.export.validation import validation_record

CONFIG = {"data": {"rollout_steps": 100}, "training": {"monitor": "loss"}}


def row(step, loss, **values):
    return {"step": step, "kind": "validation", "loss": loss, "mre": 1.0, **values}


ROWS = [
    row(10, 0.5, mre_n2=0.4, mre_n3=0.6),
    row(20, 0.2, mre_n2=0.3, mre_n3=0.5),
    row(30, 0.3, mre_n2=0.1, mre_n3=0.2),
]


def test_record_is_that_of_the_step_whose_weights_were_kept():
    record = validation_record(ROWS, CONFIG, kept_step=30)
    assert record == {"n_steps": 100, "relative_entropy": {"2": 0.1, "3": 0.2}}


def test_without_that_step_it_is_that_of_the_lowest_monitored_value():
    assert validation_record(ROWS, CONFIG)["relative_entropy"] == {"2": 0.3, "3": 0.5}
    again = [*ROWS, row(40, 0.2, mre_n2=0.7)]
    assert validation_record(again, CONFIG, kept_step=99)["relative_entropy"] == {"2": 0.7}


@pytest.mark.parametrize(
    ("rows", "config"),
    [
        ([], CONFIG),
        (ROWS, {}),
        ([row(10, 0.5)], CONFIG),
        ([{"step": 3, "mre_n2": 0.1}], CONFIG),
    ],
)
def test_run_that_tells_nothing_has_no_record(rows, config):
    assert validation_record(rows, config) is None


def test_export_of_a_run_writes_its_validation(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "model": {}}))
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in ROWS))
    written = {}
    monkeypatch.setattr(exporters.RunFolder, "load_model", lambda self: "model")
    monkeypatch.setattr(
        exporters, "write_dynamics", lambda *given, **options: written.update(options) or tmp_path
    )
    exporters.run(tmp_path, tmp_path / "m")
    expected = {"n_steps": 100, "relative_entropy": {"2": 0.3, "3": 0.5}}
    assert written == {"validation": expected}


class Model:
    predicts, n_layers, units = "the state", 1, 2

    @staticmethod
    def count_params():
        return 3


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (None, "not known"),
        (
            {"n_steps": 50, "relative_entropy": {"2": 1.25e-4, "3": 0.2}},
            "0.000125 for n = 2, 0.2 for n = 3; mean over trajectories at the end of 50 steps",
        ),
    ],
)
def test_card_tells_the_validation(record, line):
    physics = {"hamiltonian": {"name": "ising"}, "dt": 0.1, "initial_states": "paper"}
    card = model_card(Model(), {"physics": physics}, (2, 3), 9, record)
    assert f"| relative entropy in validation | {line} |\n" in card
