"""Shots on quantum trajectories: frequencies of the density matrix, and independence of cuts."""

import numpy as np
import pytest

from qtf.measurements import Setting, ShotModel, TrajectoryModel, fit_shots, simulate_shots
from qtf.measurements.trajectories import TrajectoryShots
from qtf.physics import SampledFunction
from tests.qtf.measurements.conftest import random_settings
from tests.qtf.measurements.test_model import predicted

WORDS = {
    "terms": ["ZZ", "X@each"],
    "jumps": ["decay", "pump@2", "dephasing@each"],
    "preparation_errors": ["depolarised@1", "depolarised@4"],
    "readout": ["e01", "e10@3"],
}


def test_counts_of_four_sites_are_those_of_the_density_matrix():
    exact = ShotModel.of_words(4, **WORDS)
    moving = [0.9, 0.5, 0.6, 0.7, 0.8, 0.2, 0.1, 0.1, 0.05, 0.2, 0.1]
    parameters = np.array([*moving, 0.1, 0.3, 0.03, 0.1])
    settings = random_settings(np.random.default_rng(3), 4, 20, shots=2000)
    model = TrajectoryModel.of_words(4, **WORDS)
    shots = simulate_shots(model, parameters, settings, seed=1)
    expected = 2000 * predicted(exact, parameters, settings)[:, 0]
    counts = np.zeros_like(expected)
    for row, of_setting in enumerate(shots.counts):
        for bits, count in of_setting.items():
            counts[row, int(bits, 2)] = count
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    # 20 settings of 15 degrees of freedom; all bit strings are expected more than once.
    assert expected.min() > 1
    assert abs(chi_squared - 300) < 3.5 * np.sqrt(2 * 300)


def test_counts_of_driven_sites_are_those_of_the_density_matrix():
    pulse = SampledFunction([0.0, 0.4, 0.8, 2.0], [1.0, -1.0, 0.5, 1.5], "linear")
    steps = SampledFunction([0.0, 0.3, 0.9, 2.0], [1.5, -0.5, 2.0, 0.0], "piecewise_constant")
    shapes = {"pulse": pulse, "steps": steps, "wave": wave}
    words = {
        "terms": ["ZZ", "pulse*X", "steps*Y@2", "wave*XX"],
        "jumps": ["decay", "dephasing@2"],
        "preparation_errors": ["depolarised@1"],
        "readout": ["e01"],
        "shapes": shapes,
    }
    parameters = np.array([0.9, 1.5, 0.8, 1.2, 0.5, 0.4, 0.2, 0.03])
    settings = random_settings(np.random.default_rng(4), 3, 5, shots=500)
    shots = simulate_shots(TrajectoryModel.of_words(3, **words), parameters, settings, seed=1)
    expected = 500 * predicted(ShotModel.of_words(3, **words), parameters, settings)[:, 0]
    counts = np.array(
        [[of.get(format(b, "03b"), 0) for b in range(8)] for of in shots.counts], np.float64
    )
    assert expected.min() > 1
    # 5 settings of 7 degrees of freedom.
    assert abs(((counts - expected) ** 2 / expected).sum() - 35) < 3.5 * np.sqrt(2 * 35)
    # Without one of the drives, or without jumps, they would be far off.
    for left_out in ("wave*XX", "steps*Y@2", "decay"):
        other = parameters.copy()
        other[ShotModel.of_words(3, **words).names.index(left_out)] = 0.0
        wrong = 500 * predicted(ShotModel.of_words(3, **words), other, settings)[:, 0]
        assert ((counts - wrong) ** 2 / np.maximum(wrong, 1)).sum() > 100


def wave(time):
    return np.cos(3 * time)


@pytest.mark.parametrize("shapes", [{}, {"wave": wave}])
def test_shots_do_not_depend_on_how_they_are_cut(monkeypatch, shapes):
    terms = ["ZZ", "wave*X" if shapes else "X"]
    words = {"terms": terms, "jumps": ["decay"], "readout": ["e10"]}
    model = TrajectoryModel.of_words(8, **words, shapes=shapes)
    parameters = np.array([1.0, 0.5, 0.3, 0.05])
    settings = [Setting("+y", 0.5, "XYZZYXZZ", 30), Setting("+z", 0.0, "Z" * 8, 10)]
    whole = simulate_shots(model, parameters, settings, seed=2)
    later = simulate_shots(model, parameters, settings[1:], seed=2, first=1)
    assert whole.counts[1] == later.counts[0]
    drawn = TrajectoryShots(model, parameters, seed=2)
    first = drawn.draw(Setting("+y", 0.5, "XYZZYXZZ", 12), 0)
    second = drawn.draw(Setting("+y", 0.5, "XYZZYXZZ", 18), 0, first=12)
    both = {bits: first.get(bits, 0) + second.get(bits, 0) for bits in {**first, **second}}
    assert both == whole.counts[0]
    assert set(whole.counts[1]) == {"0" * 8}
    monkeypatch.setattr("qtf.measurements.trajectories.SHOTS_AT_ONCE", 7)
    assert simulate_shots(model, parameters, settings, seed=2) == whole


def test_a_model_of_trajectories_is_not_fitted():
    model = TrajectoryModel.of_words(8, terms=["X"], jumps=["decay"])
    shots = simulate_shots(model, [0.5, 0.1], [Setting("+z", 0.5, "Z" * 8, 4)], seed=0)
    with pytest.raises(ValueError, match="at most 7 sites where probabilities are asked for, but"):
        fit_shots(model, shots)
    large = TrajectoryModel.of_words(16, terms=["X"], preparation_errors=["depolarised"])
    assert large.is_mixed
    with pytest.raises(ValueError, match="with jumps, at most 16, but is 17"):
        TrajectoryModel.of_words(17, terms=["X"], jumps=["decay"])
