import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from qtf.autoregressive.gru import GRUNetwork
from qtf.ground_states.wave_function import WaveFunction
from qtf.training.logbook import Logbook, read_metrics
from qtf.training.run_folder import RunFolder
from qtf.training.tensor_board import TensorBoard
from tests import preloaded

LOAD = """
import sys
from qtf.training.run_folder import RunFolder
import numpy as np
np.save(sys.argv[2], RunFolder(sys.argv[1]).load_model().get_weights()[0])
"""


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run[1]")
    folder.open({"training": {"seed": 1}})
    folder.close()
    return folder


def saved(folder, model):
    folder.save_model(model)
    folder.save_best_weights(model)
    return model


def test_a_model_of_ours_is_loaded_where_nothing_else_was_imported(tmp_path, run):
    psi = saved(run, WaveFunction(network=GRUNetwork(n_positions=4, units=3, heads=(2, 2))))
    out = tmp_path / "weights.npy"
    command = [sys.executable, "-c", LOAD, str(run.path), str(out)]
    preloaded.run(command, check=True, cwd=Path(__file__).parents[3])
    np.testing.assert_array_equal(np.load(out), psi.get_weights()[0])


def test_a_class_of_nobody_is_told_in_one_line(run):
    saved(run, keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    content = json.loads(run.model.read_text())
    content.update(module="theirs.models", class_name="Net", registered_name="theirs>Net")
    run.model.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="another package must be imported before") as caught:
        run.load_model()
    assert len(str(caught.value)) < 500


def test_a_module_that_is_gone_is_named(run):
    saved(run, keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    run.model.write_text(json.dumps({"module": "qtf.nowhere", "class_name": "Net"}))
    with pytest.raises(ValueError, match="model.json describes no model .* qtf.nowhere"):
        run.load_model()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model.json holds no JSON"),
        ("3", "model.json must hold a JSON object"),
        ("{}", "model.json .* a model"),
        ('{"class_name": "Dense", "module": "keras.layers", "config": {"units": 3}}', "a model"),
    ],
)
def test_a_damaged_description_of_the_model_is_named(run, text, message):
    saved(run, keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    run.model.write_text(text)
    with pytest.raises(ValueError, match=message):
        run.load_model()


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', '{"starts": 3}', "{"])
def test_a_damaged_record_of_starts_is_named_before_anything_is_changed(run, content):
    run.provenance.write_text(content)
    with pytest.raises(ValueError, match="run.json (holds|must)"):
        run.open({"training": {"seed": 1}})
    run.close()
    assert run.provenance.read_text() == content


def test_a_configuration_that_is_no_object_is_named(run):
    run.config.write_text("null")
    with pytest.raises(ValueError, match="config.json must hold a JSON object, but holds None"):
        run.load_config()
    with pytest.raises(ValueError, match="config.json must hold a JSON object, but holds None"):
        run.open({"training": {"seed": 1}})
    run.close()


def test_damaged_rows_of_metrics_are_named_when_read_and_when_the_run_goes_on(run):
    run.metrics.write_text('{"step": 1, "kind": "training"}\nrubbish\n{"step": 3}\n')
    with pytest.raises(ValueError, match="metrics.jsonl, line 2, holds no JSON"):
        read_metrics(run.metrics, "training")
    logbook = Logbook(run, n_steps=10, batch_size=1, make_board=TensorBoard)
    with pytest.raises(ValueError, match="metrics.jsonl, line 2, holds no JSON"):
        logbook.start(3, {})
