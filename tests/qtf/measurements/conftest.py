import numpy as np
import pytest

from qtf.measurements import Experiments, Setting, ShotModel, simulate_shots


def random_settings(random, n_sites, n_settings, *, shots=1000, longest=1.5):
    """Settings at one of four times, with random product states and bases."""
    return [
        Setting(
            [[np.arccos(random.uniform(-1, 1)), random.uniform(0, 6)] for _ in range(n_sites)],
            float(random.integers(1, 5) * longest / 4),
            "".join(random.choice(list("XYZ"), n_sites)),
            shots,
        )
        for _ in range(n_settings)
    ]


@pytest.fixture(scope="session")
def pure():
    """Model, parameters and shots of three sites without noise."""
    random = np.random.default_rng(1)
    model = ShotModel.of_words(3, terms=["X", "Z@2", "ZZ", "XY"])
    truth = np.array([0.7, -0.4, 0.9, 0.3])
    settings = random_settings(random, 3, 60)
    return model, truth, simulate_shots(model, truth, settings, seed=3)


@pytest.fixture(scope="session")
def noisy():
    """Model, parameters and shots of two sites with all kinds of noise."""
    random = np.random.default_rng(2)
    jumps, readout = ["decay", "pump", "dephasing@2"], ["e01", "e10@1"]
    model = ShotModel.of_words(2, terms=["X", "ZZ"], jumps=jumps, readout=readout)
    truth = np.array([0.8, 0.6, 0.3, 0.1, 0.2, 0.03, 0.06])
    settings = random_settings(random, 2, 80, shots=5000)
    return model, truth, simulate_shots(model, truth, settings, seed=4)


@pytest.fixture
def few():
    """Two settings of two sites as a laboratory would note them."""
    settings = [Setting("+x -y", 0.5, "XZ", 10), Setting([[0.25, 1.5], [0.1, -2.0]], 1.0, "YY", 4)]
    return Experiments(settings, [{"00": 7, "10": 3}, {"11": 4}])
