import pytest

from qtf.configuration import config_dict, from_config
from qtf.dynamics.models import make_model
from qtf.dynamics.runs.settings import DynamicsSettings


def settings(**changes):
    base = config_dict(DynamicsSettings())
    base.update_from_flattened_dict(changes)
    return from_config(DynamicsSettings, base)


GENERATOR = {"model.preset": "local_generator"}


def test_a_network_gets_its_settings_and_the_seed():
    model = settings(**{"model.units": 8, "model.n_max": 7}).model
    network = make_model(model, dt=0.01, n_sites=(2, 3), seed=3)
    assert (network.units, network.seed, network.n_layers) == (8, 3, 1)
    assert model.given() == {"units": 8, "activation": "relu"}


def test_a_generator_gets_the_time_step_and_nothing_of_the_networks():
    model = settings(**GENERATOR, **{"model.interaction_range": 2}).model
    assert model.given() == {"interaction_range": 2}
    generator = make_model(model, dt=0.01, n_sites=(2, 3))
    assert (generator.dt, generator.n_max, generator.terms.interaction_range) == (0.01, 10, 2)


def test_fields_of_one_chain_need_its_length():
    changes = {"model.site_dependent": True, "data.n_sites": (6,)}
    model = settings(**GENERATOR, **changes).model
    assert make_model(model, dt=0.01, n_sites=(6,)).terms.n_sites == 6


def test_generator_is_fitted_unless_asked_otherwise():
    assert settings(**GENERATOR).method == "lbfgs"
    assert settings(**GENERATOR, **{"training.method": "loop"}).method == "loop"
    assert settings().method == "loop"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.order": 4}, '`model.order` belongs to the preset "local_generator", not'),
        ({**GENERATOR, "model.units": 8}, "`model.units` belongs to the networks, not to"),
        ({**GENERATOR, "model.dropout": 0.1}, "`model.dropout` belongs to the networks, not to"),
        ({**GENERATOR, "model.site_dependent": True}, r"`data.n_sites` must name the one .*2, 3"),
        ({"training.method": "sgd"}, 'one of loop, lbfgs, but is "sgd"'),
        ({"training.method": "lbfgs"}, '"lbfgs" needs the preset "local_generator", but'),
        ({"data.source": "exact", "exact.n_steps": 98}, "`exact.n_steps` . 1 = 99, but is 100"),
        ({"training.stop_metric": "mre_n8"}, "`training.stop_metric` must be one of loss, mre"),
    ],
)
def test_settings_that_do_not_fit_one_another_are_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        settings(**changes)
