import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.open_systems import fit
from qtf.open_systems.fit import fit_table
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.physics import tetrahedral


@pytest.fixture
def distribution():
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=2, units=16, local_dimension=4, heads=(4,))
    return OutcomeDistribution(network=network, strings=((0, 1), (1, 0)))


def singlet():
    psi = np.array([0, 1, -1, 0]) / np.sqrt(2)
    return tetrahedral().probabilities(np.outer(psi, psi))


@pytest.mark.parametrize(("max_rows", "most"), [(fit.MAX_ROWS, 1e-3), (12, 1e-2)])
def test_entangled_spins_are_fitted(distribution, monkeypatch, max_rows, most):
    for name, value in {"MAX_ROWS": max_rows, "N_GRADIENTS": 30, "MAX_STEPS": 15}.items():
        monkeypatch.setattr(fit, name, value)
    table = singlet()
    left = fit_table(distribution, table)
    logs = np.asarray(log_table(distribution), np.float64)
    expected = np.sum(table * (np.log(np.maximum(table, 1e-300)) - logs))
    assert left == pytest.approx(expected, abs=1e-6)
    # Of the product of both sites, log(4 / 3).
    assert left < most


def test_another_number_of_probabilities_is_refused(distribution):
    with pytest.raises(ValueError, match=r"must have the shape \(16,\), but has \(4,\)"):
        fit_table(distribution, np.ones(4) / 4)
