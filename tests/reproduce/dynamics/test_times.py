import numpy as np

from reproduce.sections.dynamics import times
from reproduce.sections.dynamics.networks import Network, Physics
from reproduce.sections.dynamics.times import MEASURED_TRAJECTORIES, measure, row_text

PHYSICS = Physics({"name": "ising"}, "paper", 0.002)


def test_a_row_has_three_times_and_names_the_best_exact_method():
    asked = []

    def rollout(psi0, n_steps):
        asked.append((psi0.shape, n_steps))
        return np.zeros(1)

    row = measure(Network(rollout, PHYSICS), 2, 2 * MEASURED_TRAJECTORIES, 5, 2)
    assert row.exact_method in ("eigenbasis", "interpolation", "propagator")
    # Once to compile and twice to measure.
    assert asked == [((8, 4), 5)] * 3
    assert 0 < row.network < row.exact < row.one_at_a_time
    assert "n = 2, batch   8: one at a time" in row_text(row)


def test_one_trajectory_at_a_time_is_scaled_to_the_batch(monkeypatch):
    monkeypatch.setattr(times, "_time_fastest", lambda work, repeats: dict.fromkeys(work, 3))
    network = Network(lambda psi0, n: psi0, PHYSICS)
    assert measure(network, 2, 2, 5, 1).one_at_a_time == 3
    assert measure(network, 2, 400, 5, 1).one_at_a_time == 300
