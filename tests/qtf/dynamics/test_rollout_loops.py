import keras
import numpy as np
import pytest

from qtf.dynamics.rollout import real_parts
from qtf.dynamics.rollout_loops import (
    best_loop,
    roll_out_features,
    roll_out_narrow,
    roll_out_stepwise,
)
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.physics import sample_initial_states

SMALL = {"n_max": 4, "units": 8, "n_layers": 2, "decoder_initializer": "glorot_normal"}


def network(preset, **arguments):
    keras.utils.set_random_seed(0)
    model = TransferableSRU.from_preset(preset, **{**SMALL, **arguments})
    # Biases start from zero; what is joined wrongly must not hide behind that.
    rng = np.random.default_rng(1)
    for variable in model.variables:
        if "bias" in variable.name:
            variable.assign(0.3 * rng.standard_normal(variable.shape))
    return model


@pytest.mark.parametrize("n_sites", [1, 2, 4])
@pytest.mark.parametrize(
    ("preset", "loop"),
    [
        ("paper", roll_out_features),
        ("increment", roll_out_features),
        ("increment", roll_out_narrow),
    ],
)
def test_all_loops_predict_the_same_states(preset, loop, n_sites):
    model = network(preset, dtype="float64")
    psi0 = real_parts(sample_initial_states("haar", n_sites, 3, seed=1), "float64")
    found = np.asarray(loop(model, psi0, 30))
    plain = np.asarray(roll_out_stepwise(model, psi0, 30))
    assert np.abs(plain[:, -1] - psi0).max() > 1e-3
    tolerance = 1e-11 if keras.backend.backend() == "tensorflow" else 1e-5
    np.testing.assert_allclose(found, plain, atol=tolerance)


@pytest.mark.parametrize(
    ("batch_size", "n_sites", "n_steps", "loop"),
    [
        (1, 7, 100, roll_out_narrow),
        (256, 2, 100, roll_out_narrow),
        (1, 9, 100, roll_out_features),
        (256, 8, 100, roll_out_narrow),
        (16, 9, 100, roll_out_features),
        (256, 9, 100, roll_out_narrow),
        (256, 10, 100, roll_out_features),
        (1, 7, 10, roll_out_stepwise),
    ],
)
def test_loop_with_the_least_work_is_chosen(batch_size, n_sites, n_steps, loop):
    model = network("increment", n_max=10, units=512, n_layers=1)
    assert best_loop(model, batch_size, 2**n_sites, n_steps) is loop


def test_layer_normalisation_and_two_precisions_rule_loops_out():
    assert best_loop(network("paper", units=512), 1, 4, 100) is roll_out_stepwise
    mixed = network("increment", units=512, dtype="mixed_bfloat16")
    assert best_loop(mixed, 1, 4, 100) is roll_out_stepwise
