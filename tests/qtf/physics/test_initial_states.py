import json
from importlib import resources

import numpy as np
import pytest

from qtf.physics import (
    INITIAL_STATE_LAWS,
    entanglement_entropy,
    local_magnetization,
    printed_state,
    sample_initial_states,
)

LAWS = pytest.mark.parametrize("law", INITIAL_STATE_LAWS)


@LAWS
@pytest.mark.parametrize("n_sites", [1, 2, 5, 7])
def test_states_are_normalised(law, n_sites):
    psi = sample_initial_states(law, n_sites, 50, seed=0)
    assert psi.shape == (50, 2**n_sites)
    assert psi.dtype == np.complex128
    np.testing.assert_allclose(np.linalg.norm(psi, axis=-1), 1, atol=1e-15 * 2**n_sites)


@LAWS
@pytest.mark.parametrize("n_sites", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_samples_do_not_depend_on_how_they_are_cut(law, n_sites, size):
    whole = sample_initial_states(law, n_sites, 100, seed=3, stream=(1, 4))
    pieces = [
        sample_initial_states(
            law, n_sites, min(size, 100 - start), seed=3, stream=(1, 4), start=start
        )
        for start in range(0, 100, size)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@LAWS
def test_samples_are_the_same_in_every_call_and_different_within_it(law):
    first, again = (sample_initial_states(law, 3, 200, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(first.round(12), axis=0)) == 200


@LAWS
@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"stream": (2,)}, {"stream": (1, 0)}, {"stream": ()}, {"start": 8}]
)
def test_other_seed_stream_or_start_gives_other_samples(law, other):
    base = {"seed": 0, "stream": (1,), "start": 0}
    first = sample_initial_states(law, 3, 8, **base)
    second = sample_initial_states(law, 3, 8, **{**base, **other})
    assert np.all(np.abs(first - second).max(axis=-1) > 1e-3)


def test_streams_are_uncorrelated():
    first, second = (
        sample_initial_states("haar", 4, 4000, seed=0, stream=(k,)).ravel() for k in (0, 1)
    )
    assert abs(np.vdot(first, second)) / 4000 < 5 / np.sqrt(16 * 4000)


def test_paper_law_has_the_moments_of_its_uniform_parts():
    psi = sample_initial_states("paper", 7, 4000, seed=0)
    # |psi|^2 before normalisation is close to 128 (1/12 + 1/3).
    scaled = psi * np.sqrt(128 * 5 / 12)
    assert scaled.real.mean() == pytest.approx(0, abs=0.003)
    assert scaled.imag.mean() == pytest.approx(0.5, abs=0.003)
    assert (scaled.real**2).mean() == pytest.approx(1 / 12, abs=0.002)
    assert (scaled.imag**2).mean() == pytest.approx(1 / 3, abs=0.003)
    assert psi.imag.min() >= 0


def test_paper_law_fits_the_printed_states():
    drawn = sample_initial_states("paper", 7, 1000, seed=0)
    printed = printed_state(7)
    for part in (np.real, np.imag):
        assert part(drawn).mean() == pytest.approx(part(printed).mean(), abs=0.01)
        assert part(drawn).std() == pytest.approx(part(printed).std(), abs=0.005)


def test_haar_law_has_the_moments_of_the_sphere():
    psi = sample_initial_states("haar", 3, 40000, seed=1)
    probabilities = np.abs(psi) ** 2
    d = 8
    np.testing.assert_allclose(psi.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(probabilities.mean(axis=0), 1 / d, atol=0.003)
    # Porter and Thomas: <p^2> = 2 / (d (d + 1)).
    np.testing.assert_allclose((probabilities**2).mean(axis=0), 2 / (d * (d + 1)), atol=0.002)
    np.testing.assert_allclose((psi**2).mean(axis=0), 0, atol=0.005)
    covariance = psi.T @ psi.conj() / len(psi)
    np.testing.assert_allclose(covariance, np.eye(d) / d, atol=0.005)


def test_haar_states_have_the_mean_entanglement_of_random_states():
    psi = sample_initial_states("haar", 4, 2000, seed=1)
    # Page: sum_{k=n+1}^{mn} 1/k - (m - 1) / (2 n) for m = n = 4.
    expected = sum(1 / k for k in range(5, 17)) - 3 / 8
    assert entanglement_entropy(psi, 2).mean() == pytest.approx(expected, abs=0.01)


def test_product_law_gives_unentangled_spins_uniform_on_their_spheres():
    psi = sample_initial_states("product", 4, 20000, seed=2)
    for n_left in (1, 2, 3):
        assert entanglement_entropy(psi[:50], n_left).max() < 1e-12
    spins = np.stack([local_magnetization(psi, axis) for axis in "xyz"], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(spins, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(spins.mean(axis=0), 0, atol=0.03)
    second = np.einsum("bia,bjc->iajc", spins, spins) / len(spins)
    expected = np.eye(12).reshape(4, 3, 4, 3) / 3
    np.testing.assert_allclose(second, expected, atol=0.03)


@pytest.mark.parametrize("n_sites", range(2, 8))
def test_printed_states_are_those_of_the_file_normalised(n_sites):
    file = resources.files("qtf.physics") / "paper_initial_states.json"
    pairs = np.array(json.loads(file.read_text())[str(n_sites)])
    assert pairs.shape == (2**n_sites, 2)
    psi = printed_state(n_sites)
    assert np.linalg.norm(psi) == pytest.approx(1, abs=1e-14)
    norm = np.linalg.norm(pairs)
    assert norm == pytest.approx(1, abs=0.01)  # the paper prints three decimals
    np.testing.assert_allclose(np.stack([psi.real, psi.imag], -1) * norm, pairs, atol=1e-15)


def test_printed_state_of_two_spins_starts_as_in_the_paper():
    psi = printed_state(2)
    assert (psi[0] / psi[1]) == pytest.approx((-0.078 + 0.203j) / (-0.458 + 0.359j))


def test_printed_state_handed_out_is_a_copy():
    printed_state(3)[:] = 0
    assert np.linalg.norm(printed_state(3)) == pytest.approx(1)


def test_no_samples_is_an_empty_array():
    assert sample_initial_states("paper", 2, 0, seed=0).shape == (0, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"law": "gauss"}, r"`law` must be one of paper, haar, product, but is 'gauss'\."),
        ({"n_sites": 0}, r"`n_sites` must be an integer from 1 to 24, but is 0\."),
        ({"n_sites": 25}, r"`n_sites` must be an integer from 1 to 24, but is 25\."),
        ({"n_samples": -1}, r"`n_samples` must be an integer of at least 0, but is -1\."),
        ({"seed": -1}, r"`seed` must be an integer of at least 0, but is -1\."),
        ({"start": 1.0}, r"`start` must be an integer of at least 0, but is 1.0\."),
        ({"stream": (1, -2)}, r"`stream` must be an integer of at least 0, but is -2\."),
    ],
)
def test_sampling_with_wrong_argument_is_refused(change, message):
    arguments = {"law": "paper", "n_sites": 2, "n_samples": 1, "seed": 0, **change}
    with pytest.raises(ValueError, match=message):
        sample_initial_states(**arguments)


@pytest.mark.parametrize("n_sites", [1, 8])
def test_printed_state_of_other_size_is_refused(n_sites):
    message = rf"`n_sites` must be an integer from 2 to 7, but is {n_sites}\."
    with pytest.raises(ValueError, match=message):
        printed_state(n_sites)
