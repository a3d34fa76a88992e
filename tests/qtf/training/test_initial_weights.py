import json

import numpy as np
import pytest

from qtf.training.initial_weights import check_initial_run, take_weights
from qtf.training.loop import train
from qtf.training.run_folder import RunFolder

from .conftest import Regression
from .test_loop import config, settings
from .test_starting_from_another_run import Wider


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "other"
    train(Regression(), settings(n_epochs=1), config(network={"units": 4}), folder, kind="dynamics")
    return RunFolder(folder)


def test_weights_are_those_that_the_other_run_keeps(other):
    model = Regression().make_model()
    take_weights(model, other)
    kept = other.load_model()
    for value, expected in zip(model.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_weights_of_another_shape_are_named(other):
    with pytest.raises(ValueError, match="other must have the shapes of this network, but differ"):
        take_weights(Wider().make_model(), other)


def test_another_kind_and_another_network_are_named(other):
    check_initial_run(other, "dynamics", {"network": {"units": 4, "depth": 3}})
    with pytest.raises(ValueError, match="--init_from must name a run of a ground state, but"):
        check_initial_run(other, "ground states", {})
    words = "--init_from must name a run with `network.units` = 5, but .*other has 4"
    with pytest.raises(ValueError, match=words):
        check_initial_run(other, "dynamics", {"network": {"units": 5}})


def test_a_run_without_weights_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "run.json").write_text(json.dumps({"kind": "dynamics", "starts": []}))
    with pytest.raises(FileNotFoundError, match="has no weights yet"):
        check_initial_run(RunFolder(tmp_path), "dynamics", {})
    with pytest.raises(FileNotFoundError, match="holds no run"):
        check_initial_run(RunFolder(tmp_path / "nowhere"), "dynamics", {})
