import numpy as np

from qtf.measurements import simulate_shots
from qtf.measurements.goodness import judge
from qtf.measurements.likelihood import Likelihood


def test_chi_squared_has_its_mean_and_its_p_values_where_the_model_is_right(pure):
    model, truth, shots = pure
    judged = [
        judge(model, simulate_shots(model, truth, shots.settings, seed=seed), truth, [], np.eye(0))
        for seed in range(30)
    ]
    # 60 settings of three spins and two pairs, a few of which do not differ.
    freedom = judged[0].degrees_of_freedom
    assert 280 < freedom <= 300
    mean = np.mean([one.chi_squared for one in judged])
    assert abs(mean - freedom) < 4 * np.sqrt(2 * freedom / 30)
    p_values = [one.p_value for one in judged]
    assert 0.3 < np.mean(p_values) < 0.7
    assert 0.1 < np.std(p_values) < 0.45


def test_a_fit_takes_degrees_of_freedom_away(pure):
    model, truth, shots = pure
    free = list(range(model.size))
    covariance = np.linalg.inv(Likelihood(model, shots)(truth, free).information)
    given = judge(model, shots, truth, [], np.eye(0))
    fitted = judge(model, shots, truth, free, covariance)
    # At most one for each parameter, less where products of all spins tell more than pairs.
    assert 2.0 < given.degrees_of_freedom - fitted.degrees_of_freedom < 4.0


def test_another_state_is_not_explained(pure):
    model, truth, shots = pure
    assert judge(model, shots, truth + 0.1, [], np.eye(0)).p_value < 1e-6
