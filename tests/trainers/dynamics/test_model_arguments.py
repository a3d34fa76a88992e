import pytest

from trainers import base_config
from trainers.dynamics.model_arguments import model_arguments, training_method


def config(**changes):
    base = base_config.default()
    base.update_from_flattened_dict(changes)
    return base_config.resolved(base)


def generator(**changes):
    return config(**{"model.preset": "local_generator", **changes})


def test_a_network_gets_its_settings_and_the_seed():
    found = model_arguments(config(**{"model.units": 8, "training.seed": 3}), 0.01)
    assert (found["units"], found["seed"]) == (8, 3)
    assert "dt" not in found
    assert "order" not in found


def test_a_generator_gets_the_time_step_and_nothing_of_the_networks():
    found = model_arguments(generator(**{"model.interaction_range": 2}), 0.01)
    assert found == {
        "preset": "local_generator",
        "n_max": 10,
        "interaction_range": 2,
        "dt": 0.01,
    }


def test_fields_of_one_chain_need_its_length():
    changes = {"model.site_dependent": True, "data.n_sites": (6,)}
    assert model_arguments(generator(**changes), 0.01)["n_sites"] == 6


def test_generator_is_fitted_unless_asked_otherwise():
    assert training_method(generator()) == "lbfgs"
    assert training_method(generator(**{"training.method": "loop"})) == "loop"
    assert training_method(config()) == "loop"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            config(**{"model.order": 4}),
            '`model.order` belongs to the preset "local_generator", not',
        ),
        (generator(**{"model.units": 8}), "`model.units` belongs to the networks, not to"),
        (generator(**{"model.dropout": 0.1}), "`model.dropout` belongs to the networks, not to"),
        (generator(**{"model.site_dependent": True}), r"`data.n_sites` must name the one .*2, 3"),
    ],
)
def test_a_setting_of_another_preset_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        model_arguments(settings, 0.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (config(**{"training.method": "sgd"}), 'one of loop, lbfgs, but is "sgd"'),
        (config(**{"training.method": "lbfgs"}), '"lbfgs" needs the preset "local_generator", but'),
    ],
)
def test_a_method_that_does_not_suit_is_an_error(settings, message):
    with pytest.raises(ValueError, match=message):
        training_method(settings)
