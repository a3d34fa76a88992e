import keras
import numpy as np
import pytest

from qtf.autoregressive.gru import GRUNetwork
from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.listed_wave_function import ListedWaveFunction
from qtf.ground_states.runs.settings import RunSettings
from qtf.ground_states.settings import SymmetrySettings
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Square, all_bits

SQUARE = Square(2, 3)
BITS = all_bits(6).astype(np.int32)


@pytest.fixture(scope="module")
def listed():
    keras.utils.set_random_seed(1)
    network = GRUNetwork(n_positions=6, units=8, heads=(2, 2))
    psi = WaveFunction(network=network, zero_magnetization=True, sign_sites=(0, 2, 4))
    made = ListedWaveFunction(psi=psi, permutations=SQUARE.symmetries(), spin_flip=True)
    made.normalize()
    return made


def test_all_images_have_the_value_of_the_first(listed):
    vector = state_vector(listed, xla=False)
    # Without the sign rule, which stays outside.
    signs = (-1.0) ** BITS[:, [0, 2, 4]].sum(axis=1)
    unsigned = vector * signs
    powers = 1 << np.arange(6)[::-1]
    for permutation in SQUARE.symmetries():
        image = BITS[:, permutation]
        for moved in (image, 1 - image):
            np.testing.assert_allclose(unsigned[moved @ powers], unsigned, atol=1e-6)
    first = BITS[0b000111]
    modulus, phase = (float(np.asarray(part)[0]) for part in listed.psi.without_sign(first[None]))
    ratio = unsigned[0b000111] / np.exp(modulus + 1j * phase)
    assert ratio == pytest.approx(np.exp(-float(np.asarray(listed.log_norm))), abs=1e-6)


def test_the_norm_is_1_and_impossible_is_0(listed):
    vector = state_vector(listed, xla=False)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)
    assert (vector[BITS.sum(axis=1) != 3] == 0.0).all()


def test_samples_have_the_probabilities_of_the_state(listed):
    uniforms = np.random.default_rng(0).random((2, 40000)).astype("float32")
    samples = np.asarray(listed.sample(uniforms))
    shares = np.bincount(samples @ (1 << np.arange(6)[::-1]), minlength=64) / 40000
    np.testing.assert_allclose(shares, np.abs(state_vector(listed, xla=False)) ** 2, atol=0.01)


def test_it_is_made_again_with_its_norm(listed, tmp_path):
    listed.save(tmp_path / "psi.keras")
    again = keras.models.load_model(tmp_path / "psi.keras")
    for one, other in zip(listed(BITS), again(BITS), strict=True):
        np.testing.assert_array_equal(one, other)


def test_settings_need_sums_over_all_configurations():
    with pytest.raises(ValueError, match="`symmetry.listed` must be False unless `symmetry.in_tr"):
        SymmetrySettings("flip", listed=True)
    with pytest.raises(ValueError, match="`symmetry.listed` must be False unless `sampling.every"):
        RunSettings.from_mapping(
            {
                "symmetry": {"group": "flip", "in_training": True, "listed": True},
                "sampling": {"n_prefixes": 1},
            }
        )
