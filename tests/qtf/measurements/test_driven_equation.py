"""Driven systems: probabilities against a solver of ours and another, derivatives, fits."""

import numpy as np
import pytest
import scipy.integrate

from qtf.measurements import (
    Setting,
    ShotModel,
    expected_errors,
    fit_chain,
    fit_shots,
    fit_words,
    select_words,
    simulate_shots,
)
from qtf.measurements.missing import narrow, widen
from qtf.physics import DrivenHamiltonian, SampledFunction, evolve
from tests.qtf.measurements.conftest import random_settings
from tests.qtf.measurements.test_model import (
    JUMP,
    liouvillian,
    on_sites,
    predicted,
    string,
)


def wave(time):
    return float(np.cos(3.0 * time))


RAMP = SampledFunction([0.0, 0.4, 2.0], [0.0, 1.0, -0.5], "linear")
STEPS = SampledFunction([0.0, 0.5, 0.9], [1.0, -0.7, 0.3], "piecewise_constant")
SHAPES = {"wave": wave, "ramp": RAMP}


@pytest.mark.parametrize("n_settings", [4, 40])
@pytest.mark.parametrize("shape", [wave, RAMP, STEPS], ids=["wave", "ramp", "steps"])
def test_probabilities_of_a_pure_chain_are_those_of_its_evolution(shape, n_settings):
    model = ShotModel.of_words(3, terms=["ZZ", "f*X", "f*Y@2"], shapes={"f": shape})
    parameters = np.array([0.9, 0.7, -0.4])
    bonds, field, other = model.terms.values()
    driven = DrivenHamiltonian([(0.9, bonds), (shape, 0.7 * field), (shape, -0.4 * other)])
    settings = random_settings(np.random.default_rng(0), 3, n_settings)
    values = predicted(model, parameters, settings)[:, 0]
    # Of all of them the propagator is followed.
    for setting, found in zip(settings[:4], values, strict=False):
        spins = [[np.cos(t / 2), np.exp(1j * p) * np.sin(t / 2)] for t, p in setting.preparation]
        psi0 = on_sites([np.array([spin]).T for spin in spins])[:, 0]
        psi = evolve(driven, psi0, [setting.time], tolerance=1e-9)[0]
        np.testing.assert_allclose(found, measured(psi, setting.basis), atol=1e-8)


def measured(psi, basis):
    """Probability of each bit string of a pure state."""
    angles = {"X": (np.pi / 2, 0.0), "Y": (np.pi / 2, np.pi / 2), "Z": (0.0, 0.0)}
    rows = []
    for letter in basis:
        theta, phi = angles[letter]
        up = np.array([np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)])
        down = np.array([-np.exp(-1j * phi) * np.sin(theta / 2), np.cos(theta / 2)])
        rows.append(np.array([up, down]).conj())
    return np.abs(on_sites(rows) @ psi) ** 2


def test_probabilities_of_a_noisy_chain_are_those_of_another_solver():
    jumps, errors = ["decay"], ["depolarised"]
    model = ShotModel.of_words(
        2, terms=["ZZ", "wave*X"], jumps=jumps, preparation_errors=errors, shapes={"wave": wave}
    )
    parameters = np.array([0.8, 0.9, 0.3, 0.1])
    fields = string("X", 2, 0) + string("X", 2, 1)
    by_hand = [(0.3, on_sites([JUMP["decay"], np.eye(2)]))]
    by_hand += [(0.3, on_sites([np.eye(2), JUMP["decay"]]))]
    settings = random_settings(np.random.default_rng(1), 2, 5)
    values = predicted(model, parameters, settings)[:, 0]
    rest, moving = (
        liouvillian(0.8 * string("ZZ", 2, 0), by_hand),
        liouvillian(0.9 * fields + 0j, []),
    )
    for setting, found in zip(settings, values, strict=True):
        spins = [[np.cos(t / 2), np.exp(1j * p) * np.sin(t / 2)] for t, p in setting.preparation]
        mixed = [0.9 * np.outer(s, np.conj(s)) + 0.05 * np.eye(2) for s in spins]
        solved = scipy.integrate.solve_ivp(
            lambda t, rho: (rest + wave(t) * moving) @ rho,
            (0.0, setting.time),
            on_sites(mixed).astype(complex).reshape(-1),
            method="DOP853",
            rtol=1e-11,
            atol=1e-12,
        )
        weights, states = np.linalg.eigh(solved.y[:, -1].reshape(4, 4))
        pairs = zip(weights, states.T, strict=True)
        total = sum(weight * measured(psi, setting.basis) for weight, psi in pairs)
        np.testing.assert_allclose(found, total, atol=1e-8)


@pytest.mark.parametrize("n_settings", [2, 30])
@pytest.mark.parametrize(
    "words",
    [
        {"terms": ["XX", "wave*X@each", "ramp*Y", "X"]},
        {
            "terms": ["ZZ", "wave*X", "ramp*X"],
            "jumps": ["decay"],
            "preparation_errors": ["depolarised"],
            "readout": ["e01"],
        },
    ],
    ids=["pure", "noisy"],
)
def test_derivatives_are_those_of_differences(words, n_settings):
    random = np.random.default_rng(6)
    model = ShotModel.of_words(2, **words, shapes=SHAPES)
    settings = random_settings(random, 2, n_settings)
    parameters = random.uniform(0.05, 0.45, model.size)
    free = list(range(model.size))
    derivatives = predicted(model, parameters, settings, free)[:, 1:]
    for k in free:
        step = np.eye(model.size)[k] * 1e-3
        near = predicted(model, parameters + step, settings)[:, 0]
        near = near - predicted(model, parameters - step, settings)[:, 0]
        far = predicted(model, parameters + 2 * step, settings)[:, 0]
        far = far - predicted(model, parameters - 2 * step, settings)[:, 0]
        np.testing.assert_allclose(derivatives[:, k], (8 * near - far) / 12e-3, atol=1e-7)
    assert np.abs(derivatives).max() > 0.1


def test_a_shape_of_one_is_no_shape():
    settings = random_settings(np.random.default_rng(2), 2, 6)
    still = ShotModel.of_words(2, terms=["ZZ", "X"])
    model = ShotModel.of_words(2, terms=["ZZ", "one*X"], shapes={"one": lambda t: 1.0})
    parameters = np.array([0.8, 0.5])
    expected = predicted(still, parameters, settings, [0, 1])
    np.testing.assert_allclose(predicted(model, parameters, settings, [0, 1]), expected, atol=1e-8)


def test_couplings_of_a_driven_chain_are_learned_at_the_bound():
    model = ShotModel.of_words(2, terms=["ZZ", "wave*X", "ramp*Y", "Z"], shapes=SHAPES)
    truth = np.array([0.9, 0.8, -0.6, 0.3])
    settings = random_settings(np.random.default_rng(4), 2, 40, shots=500)
    bound = expected_errors(model, truth, settings)
    deviations = []
    for seed in range(6):
        shots = simulate_shots(model, truth, settings, seed=seed)
        fit = fit_shots(model, shots, candidates=(), n_starts=1)
        assert fit.explains_the_data
        deviations.append((fit.parameters - truth) / bound)
    # Of 24 squares whose mean is 1 with a standard deviation of 0.29.
    assert 0.3 < np.mean(np.square(deviations)) < 1.9
    hamiltonian = fit.hamiltonian
    assert isinstance(hamiltonian, DrivenHamiltonian)
    at = hamiltonian.at(0.4).coefficients
    assert at[((0, "X"),)] == pytest.approx(fit["wave*X"] * wave(0.4))
    assert at[((1, "Y"),)] == pytest.approx(fit["ramp*Y"])


def test_a_shape_that_is_left_out_is_named():
    model = ShotModel.of_words(2, terms=["ZZ", "X", "steps*X"], shapes={"steps": STEPS})
    settings = random_settings(np.random.default_rng(5), 2, 40)
    shots = simulate_shots(model, [0.8, 0.6, 0.5], settings, seed=1)
    still = narrow(model, ["steps*X"])
    fit = fit_shots(still, shots, n_starts=1)
    assert not fit.explains_the_data
    assert fit.missing[0].name == "steps*X"
    assert widen(still, ["steps*X"]).names == model.names
    words = {"shapes": {"steps": STEPS}, "n_starts": 1}
    everything = fit_words(shots, candidates=(), **words)
    assert "steps*YZ" in everything.model.names
    kept = select_words(shots, terms=["ZZ", "X", "steps*X", "steps*Y"], **words).kept
    assert kept == ("ZZ", "X", "steps*X")


def test_a_driven_chain_is_learned_by_patches():
    words = {"terms": ["ZZ", "steps*X@each"], "shapes": {"steps": STEPS}}
    model = ShotModel.of_words(4, **words)
    settings = [Setting("+z", 0.3 * k, basis, 500) for k in (1, 2, 4) for basis in ("YZYZ", "ZYXZ")]
    truth = np.array([1.0, 0.5, 0.6, 0.7, 0.8])
    shots = simulate_shots(model, truth, settings, seed=1)
    fit = fit_chain(shots, **words)
    assert np.abs((fit.parameters - truth) / fit.errors).max() < 4


@pytest.mark.parametrize(
    ("terms", "shapes", "message"),
    [
        (["f*X"], {}, "must name shapes that are given, none, but `f[*]X` names `f`"),
        (["X"], {"f": wave}, r"as f\*X, but no term names `f`"),
        (["f*Q"], {"f": wave}, 'or X@each, but holds "Q"'),
    ],
)
def test_words_that_are_not_allowed(terms, shapes, message):
    with pytest.raises(ValueError, match=message):
        ShotModel.of_words(2, terms=terms, shapes=shapes)


def test_functions_that_have_no_value():
    setting = [Setting("+z", 3.0, "Z", 1)]
    model = ShotModel.of_words(1, terms=["f*X"], shapes={"f": lambda t: np.nan})
    with pytest.raises(ValueError, match="functions with finite real values, but that of number 1"):
        predicted(model, np.array([1.0]), setting)
    model = ShotModel.of_words(1, terms=["f*X"], shapes={"f": lambda t: np.sin(1e12 * t)})
    with pytest.raises(ValueError, match="`shapes` must hold functions that are smooth or sampled"):
        predicted(model, np.array([1.0]), setting)
    model = ShotModel.of_words(1, terms=["f*X"], shapes={"f": RAMP})
    with pytest.raises(ValueError, match=r"reaches from 0.0 to 2.0 and is asked at"):
        predicted(model, np.array([1.0]), setting)
