"""Series for unitary evolution against dense exponentials and their exact derivatives."""

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse import csr_array

from qtf.measurements.evolution import LinearEquation

TIMES = [0.0, 0.3, 0.31, 2.0, 7.5]


def antihermitian(random, size):
    matrix = random.normal(size=(size, size)) + 1j * random.normal(size=(size, size))
    return matrix - matrix.conj().T


@pytest.fixture
def problem():
    random = np.random.default_rng(5)
    parts = [antihermitian(random, 6) for _ in range(2)]
    start = random.normal(size=(6, 3)) + 1j * random.normal(size=(6, 3))
    return parts, start


def equation(parts, values, **kwargs):
    total = sum(value * part for value, part in zip(values, parts, strict=True))
    return LinearEquation(csr_array(total), [csr_array(part) for part in parts], **kwargs)


def exact(parts, values, start, time):
    """Returns exp(A t) v and its derivatives, from the exponential of one larger matrix."""
    total = sum(value * part for value, part in zip(values, parts, strict=True))
    slopes = [
        scipy.linalg.expm_frechet(total * time, part * time, compute_expm=False) for part in parts
    ]
    return np.stack([m @ start for m in (scipy.linalg.expm(total * time), *slopes)], axis=1)


@pytest.mark.parametrize("sums_bytes", [1, 1 << 28])
def test_unitary_series_are_exact_at_all_times(problem, monkeypatch, sums_bytes):
    parts, start = problem
    monkeypatch.setattr("qtf.measurements.evolution.SUMS_BYTES", sums_bytes)
    found = list(equation(parts, [0.7, -0.4], is_unitary=True).follow(start, TIMES))
    for time, both in zip(TIMES, found, strict=True):
        np.testing.assert_allclose(both, exact(parts, [0.7, -0.4], start, time), atol=2e-11)


def test_derivatives_move_where_the_generator_is_zero(problem):
    parts, start = problem
    (both,) = equation(parts, [0.0, 0.0], is_unitary=True).follow(start, [0.5])
    np.testing.assert_allclose(both[:, 0], start, atol=1e-14)
    for k, part in enumerate(parts):
        np.testing.assert_allclose(both[:, 1 + k], 0.5 * part @ start, atol=1e-13)


def test_series_of_any_generator_agree(problem):
    parts, start = problem
    pair = [
        list(equation(parts, [0.7, -0.4], is_unitary=flag).follow(start, TIMES))
        for flag in (False, True)
    ]
    np.testing.assert_allclose(*pair, atol=1e-10)
