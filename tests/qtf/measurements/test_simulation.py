import numpy as np
import pytest

from qtf.measurements import Setting, ShotModel, simulate_shots
from tests.qtf.measurements.test_model import predicted


def test_shots_have_the_frequencies_of_the_model(pure):
    model, truth, shots = pure
    values = predicted(model, truth, shots.settings)[:, 0]
    counts = np.zeros_like(values)
    for row, of_setting in enumerate(shots.counts):
        for bits, count in of_setting.items():
            counts[row, int(bits, 2)] = count
    chi_squared = ((counts - 1000 * values) ** 2 / (1000 * values)).sum()
    # 60 settings of 7 degrees of freedom.
    assert abs(chi_squared - 420) < 5 * np.sqrt(2 * 420)


def test_a_setting_does_not_depend_on_the_others(pure):
    model, truth, shots = pure
    later = simulate_shots(model, truth, shots.settings[50:], seed=3, first=50)
    assert later.counts == shots.counts[50:]
    other = simulate_shots(model, truth, shots.settings[50:], seed=4, first=50)
    assert other.counts != later.counts


@pytest.mark.parametrize(
    ("parameters", "setting", "message"),
    [
        ([1.0], Setting("+z", 1.0, "Z", 1), "one finite number for each of 2 names, but is"),
        ([1.0, np.nan], Setting("+z", 1.0, "Z", 1), "one finite number for each of 2 names"),
        ([1.0, -0.1], Setting("+z", 1.0, "Z", 1), "from 0.0 to inf for `decay`, but is -0.1"),
        ([1.0, 0.1], Setting("+z", 1.0, "ZZ", 1), "must be of 1 sites .*, but one is of 2"),
    ],
)
def test_arguments_that_are_not_allowed(parameters, setting, message):
    model = ShotModel.of_words(1, terms=["X"], jumps=["decay"])
    with pytest.raises(ValueError, match=message):
        simulate_shots(model, parameters, [setting], seed=0)
