"""Probabilities against a sum by hand over dense matrices, derivatives against differences."""

import itertools

import numpy as np
import pytest
import scipy.linalg

from qtf.measurements import Setting, ShotModel
from qtf.physics import JumpOperator, PauliSum, PauliTerm
from tests.qtf.measurements.conftest import random_settings

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
PAULI = {"X": X, "Y": Y, "Z": Z, "I": np.eye(2)}
JUMP = {"decay": (X - 1j * Y) / 2, "pump": (X + 1j * Y) / 2, "dephasing": Z}


def on_sites(matrices):
    product = np.eye(1)
    for matrix in matrices:
        product = np.kron(product, matrix)
    return product


def string(letters, n_sites, start):
    return on_sites(
        [PAULI[c] for c in "I" * start + letters + "I" * (n_sites - start - len(letters))]
    )


def liouvillian(hamiltonian, jumps):
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for rate, jump in jumps:
        square = jump.conj().T @ jump
        total += rate * np.kron(jump, jump.conj())
        total -= rate * (np.kron(square, one) + np.kron(one, square.T)) / 2
    return total


def probabilities_by_hand(setting, hamiltonian, jumps, flips, shares=None):
    """Probability of each bit string.

    `flips` are (e01, e10) of each site, and a site is maximally mixed with its share of `shares`.
    """
    n_sites = setting.n_sites
    spins = [[np.cos(t / 2), np.exp(1j * p) * np.sin(t / 2)] for t, p in setting.preparation]
    pure = [np.outer(spin, np.conj(spin)) for spin in spins]
    shares = [0.0] * n_sites if shares is None else shares
    mixed = [(1 - p) * one + p * np.eye(2) / 2 for p, one in zip(shares, pure, strict=True)]
    rho = on_sites(mixed).astype(complex).reshape(-1)
    rho = scipy.linalg.expm(liouvillian(hamiltonian, jumps) * setting.time) @ rho
    rho = rho.reshape(2**n_sites, -1)
    result = []
    for bits in itertools.product((0, 1), repeat=n_sites):
        total = 0.0
        for true in itertools.product((0, 1), repeat=n_sites):
            projectors = [
                (np.eye(2) + (1 - 2 * b) * PAULI[letter]) / 2
                for b, letter in zip(true, setting.basis, strict=True)
            ]
            p = np.trace(on_sites(projectors) @ rho).real
            for read, b, (e01, e10) in zip(bits, true, flips, strict=True):
                p *= [[1 - e01, e10], [e01, 1 - e10]][read][b]
            total += p
        result.append(total)
    return np.array(result)


def predicted(model, parameters, settings, free=None):
    n_free = 0 if free is None else len(free)
    values = np.full((len(settings), 1 + n_free, 2**model.n_sites), np.nan)
    for piece in model.predict(np.array(parameters), settings, free):
        values[piece.rows] = piece.values
    return values


def test_probabilities_of_a_pure_chain_are_those_by_hand():
    model = ShotModel.of_words(3, terms=["X", "Y@2", "ZZ", "XIY"])
    c = [0.7, -0.3, 0.9, 0.4]
    hamiltonian = sum(c[0] * string("X", 3, i) for i in range(3)) + c[1] * string("Y", 3, 1)
    hamiltonian = hamiltonian + c[2] * (string("ZZ", 3, 0) + string("ZZ", 3, 1))
    hamiltonian = hamiltonian + c[3] * string("XIY", 3, 0)
    settings = random_settings(np.random.default_rng(0), 3, 12)
    settings += [Setting("+x -y +z", 0.0, "XYZ", 1), Setting("-z", 0.4, "ZZY", 1)]
    values = predicted(model, c, settings)[:, 0]
    for setting, found in zip(settings, values, strict=True):
        expected = probabilities_by_hand(setting, hamiltonian, [], [(0, 0)] * 3)
        np.testing.assert_allclose(found, expected, atol=1e-13)
    # All that is prepared along the basis is read as 0.
    assert values[-2, 0b010] == pytest.approx(1.0)


@pytest.mark.parametrize("n_settings", [3, 40])
def test_probabilities_of_a_noisy_chain_are_those_by_hand(n_settings):
    jumps, readout = ["decay", "pump@2", "dephasing"], ["e01", "e10@1"]
    model = ShotModel.of_words(2, terms=["X", "YZ"], jumps=jumps, readout=readout)
    hamiltonian = 0.8 * (string("X", 2, 0) + string("X", 2, 1)) - 0.5 * string("YZ", 2, 0)
    by_hand = [(0.3, on_sites([JUMP["decay"], np.eye(2)]))]
    by_hand += [(0.3, on_sites([np.eye(2), JUMP["decay"]]))]
    by_hand += [(0.2, on_sites([np.eye(2), JUMP["pump"]]))]
    by_hand += [(0.1, on_sites([Z, np.eye(2)])), (0.1, on_sites([np.eye(2), Z]))]
    settings = random_settings(np.random.default_rng(5), 2, n_settings)
    values = predicted(model, [0.8, -0.5, 0.3, 0.2, 0.1, 0.04, 0.07], settings)[:, 0]
    for setting, found in zip(settings, values, strict=True):
        flips = [(0.04, 0.07), (0.04, 0.0)]
        expected = probabilities_by_hand(setting, hamiltonian, by_hand, flips)
        np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize("n_settings", [3, 40])
@pytest.mark.parametrize("jumps", [[], ["decay"]])
def test_probabilities_of_a_depolarised_preparation_are_those_by_hand(jumps, n_settings):
    errors = ["depolarised", "depolarised@2"]
    model = ShotModel.of_words(
        2, terms=["X", "YZ"], jumps=jumps, preparation_errors=errors, readout=["e10"]
    )
    assert model.names == ("X", "YZ", *jumps, "depolarised", "depolarised@2", "e10")
    hamiltonian = 0.8 * (string("X", 2, 0) + string("X", 2, 1)) - 0.5 * string("YZ", 2, 0)
    rates = [0.3] * len(jumps)
    sites = ([JUMP["decay"], np.eye(2)], [np.eye(2), JUMP["decay"]])
    by_hand = [(rate, on_sites(site)) for rate in rates for site in sites]
    settings = random_settings(np.random.default_rng(5), 2, n_settings)
    values = predicted(model, [0.8, -0.5, *rates, 0.1, 0.3, 0.05], settings)[:, 0]
    for setting, found in zip(settings, values, strict=True):
        expected = probabilities_by_hand(
            setting, hamiltonian, by_hand, [(0, 0.05)] * 2, shares=[0.1, 0.4]
        )
        np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize(
    ("n_sites", "words"),
    [
        (3, {"terms": ["XX", "Y@each"], "preparation_errors": ["depolarised@each"]}),
        (
            2,
            {
                "terms": ["XX"],
                "jumps": ["decay"],
                "preparation_errors": ["depolarised", "depolarised@2"],
                "readout": ["e01", "e10@2"],
            },
        ),
        (2, {"preparation_errors": ["depolarised"], "readout": ["e01"]}),
        (3, {"terms": ["XX", "YZ", "X@each"]}),
        (3, {"terms": ["ZZ"], "readout": ["e01@each", "e10"]}),
        (
            2,
            {
                "terms": ["XX", "YZ", "Z"],
                "jumps": ["decay", "pump@1", "dephasing"],
                "readout": ["e01", "e10@2"],
            },
        ),
    ],
)
@pytest.mark.parametrize("n_settings", [2, 30])
def test_derivatives_are_those_of_differences(n_sites, words, n_settings):
    random = np.random.default_rng(6)
    model = ShotModel.of_words(n_sites, **words)
    settings = random_settings(random, n_sites, n_settings)
    parameters = random.uniform(0.05, 0.45, model.size)
    free = list(range(model.size))
    derivatives = predicted(model, parameters, settings, free)[:, 1:]
    for k in free:
        ahead, behind = parameters.copy(), parameters.copy()
        ahead[k] += 1e-5
        behind[k] -= 1e-5
        change = predicted(model, ahead, settings) - predicted(model, behind, settings)
        np.testing.assert_allclose(derivatives[:, k], change[:, 0] / 2e-5, atol=1e-8)
    assert np.abs(derivatives).max() > 0.1


def test_some_derivatives_are_those_of_all(noisy):
    model, truth, shots = noisy
    every = predicted(model, truth, shots.settings, list(range(7)))
    some = predicted(model, truth, shots.settings, [1, 3, 6])
    np.testing.assert_allclose(some, every[:, [0, 2, 4, 7]], atol=1e-14)


def test_derivatives_where_all_parameters_are_0():
    model = ShotModel.of_words(1, terms=["X"])
    # <Y> of a spin that was up falls as -sin(2 x t).
    values = predicted(model, [0.0], [Setting("+z", 0.5, "Y", 1)], [0])
    np.testing.assert_allclose(values[0], [[0.5, 0.5], [-0.5, 0.5]], atol=1e-15)


def test_pieces_do_not_change_what_is_predicted(noisy, monkeypatch):
    model, truth, shots = noisy
    whole = predicted(model, truth, shots.settings, [0, 5])
    monkeypatch.setattr("qtf.measurements.model.rows_at_once", lambda *_, **__: 3)
    np.testing.assert_allclose(predicted(model, truth, shots.settings, [0, 5]), whole, atol=1e-13)


def test_a_long_time_keeps_probabilities_normalised():
    model = ShotModel.of_words(4, terms=["XX", "Z@each"])
    settings = [Setting("+x", 200.0, "XYZX", 1)]
    values = predicted(model, [1.0, 0.5, -0.5, 2.0, 1.0], settings)
    assert values.sum() == pytest.approx(1.0, abs=1e-10)


def test_any_operators_and_jumps_may_be_terms():
    field = PauliSum(1, [PauliTerm(2.0, (0,), "X")])
    model = ShotModel(1, {"field": field}, {"loss": (JumpOperator(0, JUMP["decay"], 0.5),)}, {})
    found = predicted(model, [0.3, 0.8], [Setting("+y", 0.7, "Z", 1)])[0, 0]
    setting = Setting("+y", 0.7, "Z", 1)
    expected = probabilities_by_hand(setting, 0.6 * X, [(0.4, JUMP["decay"])], [(0, 0)])
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("n_sites", "words", "message"),
    [
        (17, {"terms": ["X"]}, "at least 1 and, without jumps, at most 16, but is 17"),
        (8, {"terms": ["X"], "jumps": ["decay"]}, "with jumps, at most 7, but is 8"),
        (
            8,
            {"terms": ["X"], "preparation_errors": ["depolarised"]},
            "with errors of the preparation, at most 7, but is 8",
        ),
        (2, {"preparation_errors": ["mixed"]}, "`preparation_errors` must hold words of depol"),
        (2, {}, "Argument `terms` must hold at least one term, but is empty"),
        (2, {"terms": ["X", "X"]}, "must name `X` once, but does so twice"),
        (2, {"terms": ["Q"]}, 'X@2 or X@each, but holds "Q"'),
        (2, {"terms": ["XIX"]}, 'must fit on 2 sites, but "XIX" does not'),
        (2, {"terms": ["X@3"]}, 'must fit on 2 sites, but "X@3" does not'),
        (2, {"jumps": ["loss"]}, "`jumps` must hold words of decay, pump, dephasing"),
        (2, {"readout": ["e01@3"]}, '`readout` must name sites to 2, but holds "e01@3"'),
    ],
)
def test_a_model_that_there_is_not(n_sites, words, message):
    with pytest.raises(ValueError, match=message):
        ShotModel.of_words(n_sites, **words)
