import json

import numpy as np
import pytest

from qtf.dynamics.generator_fit import FitResult, fit_generator
from qtf.dynamics.generator_report import coefficient_table, identify, lag_sentence
from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import Chain, custom, evolve, heisenberg, ising, j1j2, sample_initial_states, xxz

DT = 0.02


def fitted(model, lengths=(2, 3, 4), terms=None, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    chains = []
    for n in lengths:
        psi0 = sample_initial_states("paper", n, 40, seed=seed)
        psi = evolve(model(n), psi0, DT * np.arange(20))
        psi = psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))
        chains.append((terms or LocalTerms(), psi))
    return fit_generator(chains, DT)


FAMILIES = [
    ("ising", ising, 1, {"coupling": 1.0, "transverse_field": -1.05, "longitudinal_field": 0.5}),
    ("heisenberg", heisenberg, 1, {"coupling": 1.0}),
    (
        "xxz",
        lambda chain: xxz(chain, coupling=-0.8, anisotropy=0.3),
        1,
        {"coupling": -0.8, "anisotropy": 0.3},
    ),
    ("j1j2", j1j2, 2, {"coupling": 1.0, "next_nearest_coupling": 0.5}),
]


@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize(("name", "model", "interaction_range", "parameters"), FAMILIES)
def test_every_family_is_recognised(name, model, interaction_range, parameters, noise):
    result = fitted(lambda n: model(Chain(n)), terms=LocalTerms(interaction_range), noise=noise)
    found = identify(result)
    assert found.name == name
    assert set(found.parameters) == set(parameters)
    for key, value in parameters.items():
        assert abs(found.parameters[key] - value) < max(4 * found.errors[key], 1e-12)
    assert found.hamiltonian(6).n_sites == 6
    difference = found.hamiltonian(4).to_dense() - model(Chain(4)).to_dense()
    assert np.abs(difference).max() < (1e-11 if noise == 0 else 0.02)


def test_errors_of_the_parameters_cover():
    truth = {"coupling": 1.0, "anisotropy": 0.3}
    deviates = []
    for seed in range(8):
        found = identify(fitted(lambda n: xxz(Chain(n), anisotropy=0.3), noise=2e-3, seed=seed))
        deviates.append(
            [(found.parameters[key] - value) / found.errors[key] for key, value in truth.items()]
        )
    spread = np.std(deviates, axis=0)
    assert ((spread > 0.5) & (spread < 1.6)).all()


def test_fields_of_every_site_are_parameters():
    g = np.array([0.3, -0.6, 1.2])
    terms = LocalTerms(site_dependent=True, n_sites=3)
    found = identify(fitted(lambda n: ising(Chain(n), transverse_field=g), (3,), terms))
    assert found.name == "ising"
    np.testing.assert_allclose(found.parameters["transverse_field"], g, atol=1e-12)
    np.testing.assert_allclose(found.parameters["longitudinal_field"], 0.5, atol=1e-12)
    with pytest.raises(ValueError, match="`n_sites` must be 3"):
        found.hamiltonian(4)


def test_given_fields_become_fields_of_every_site():
    given = (0.5, -1.0, 2.0, 0.2)
    chain = ising(Chain(4), longitudinal_field=0.1 + 0.7 * np.array(given))
    found = identify(fitted(lambda n: chain, (4,), LocalTerms(fields=given)))
    np.testing.assert_allclose(
        found.parameters["longitudinal_field"], 0.1 + 0.7 * np.array(given), atol=1e-12
    )
    difference = found.hamiltonian(4).to_dense() - chain.to_dense()
    np.testing.assert_allclose(difference, 0, atol=1e-12)


def test_another_hamiltonian_is_custom_and_holds_only_what_is_not_zero():
    def twisted(n_sites):
        return custom(n_sites, [(0.7, (i, i + 1), "XY") for i in range(n_sites - 1)])

    found = identify(fitted(twisted, noise=1e-3))
    assert found.name == "custom"
    assert list(found.parameters) == ["X_i Y_{i+1}"]
    assert str(found) == "No named Hamiltonian; different from 0 are X_i Y_{i+1}."
    difference = found.hamiltonian(4).to_dense() - twisted(4).to_dense()
    assert np.abs(difference).max() < 0.01


def test_the_shift_says_nothing_about_the_family():
    result = fitted(lambda n: ising(Chain(n)))
    shifted = FitResult(**{**vars(result), "coefficients": result.coefficients.copy()})
    shifted.coefficients[-1] = 3.0
    assert identify(shifted).name == "ising"


def test_a_small_term_beside_the_family_is_noticed():
    result = fitted(lambda n: ising(Chain(n)), noise=1e-3)
    moved = result.coefficients.copy()
    moved[result.terms.names.index("X_i Y_{i+1}")] += 7 * result.errors[0]
    assert identify(FitResult(**{**vars(result), "coefficients": moved})).name == "custom"


def constant(lengths=(2, 3, 4), noise=0.0):
    rng = np.random.default_rng(0)
    chains = []
    for n in lengths:
        psi0 = sample_initial_states("paper", n, 40, seed=0)
        psi = np.repeat(psi0[:, None], 20, axis=1)
        psi = psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))
        chains.append((LocalTerms(), psi))
    return chains


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_states_that_stand_still_identify_nothing(noise):
    result = fit_generator(constant(noise=noise), DT)
    found = identify(result)
    assert result.explains_the_data
    assert (found.name, found.parameters) == ("none", {})
    expected = "no coefficient differs from 0 by more than its error bar allows"
    assert str(found) == f"Nothing was identified: {expected}."
    assert json.loads(json.dumps(found.to_dict()))["reason"] == expected
    assert not found.coefficients.any()
    with pytest.raises(ValueError, match=f"no Hamiltonian, because nothing was .*: {expected}"):
        found.hamiltonian(4)


def test_a_hamiltonian_without_coupling_identifies_nothing():
    result = fitted(lambda n: heisenberg(Chain(n), coupling=0.0), noise=1e-3)
    assert identify(result).name == "none"


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_real_parts_alone_identify_nothing(noise):
    chains = []
    for n in (2, 3, 4):
        psi0 = sample_initial_states("paper", n, 40, seed=0)
        psi = evolve(ising(Chain(n)), psi0, DT * np.arange(20)).real
        psi = psi + noise * np.random.default_rng(n).normal(size=psi.shape)
        chains.append((LocalTerms(), psi))
    result = fit_generator(chains, DT)
    assert str(identify(result)).startswith("Nothing was identified: no such generator explains")
    assert "* " not in coefficient_table(result)


def test_coefficients_of_a_generator_that_explains_nothing_are_in_doubt():
    result = fitted(lambda n: ising(Chain(n, periodic=True)), (3, 4), noise=1e-3)
    table = coefficient_table(result)
    assert "\n? X_i" in table
    assert "\n* " not in table
    assert identify(result).name == "none"
    sentence = lag_sentence(result)
    assert sentence.startswith("No such generator explains the data: what is left grows")
    assert "(lag 1) to " in sentence
    assert "p = " in sentence


def test_sentence_about_growth_tells_the_p_value():
    result = fitted(lambda n: ising(Chain(n)), noise=1e-3)
    sentence = lag_sentence(result)
    assert sentence.startswith(
        "Such a generator explains the data: what is left does not grow, 0.00"
    )
    assert f"p = {result.p_value:.2g}" in sentence
    certain = FitResult(**{**vars(result), "p_value": 0.0})
    assert "p < 1e-300" in lag_sentence(certain)
    unknown = FitResult(**{**vars(result), "p_value": None})
    assert "cannot be told from one lag" in lag_sentence(unknown)
    assert identify(unknown).name == "ising"


def test_families_that_the_noise_cannot_tell_apart_are_both_named():
    """Bonds along x and y are 4.3 error bars from 0, that along z 4.7."""
    result = fitted(lambda n: heisenberg(Chain(n)), noise=1e-3)
    size, error = result.terms.size, 0.015
    values = np.zeros(size)
    for pauli, value in zip("XYZ", (0.064, 0.064, 0.070), strict=True):
        values[result.terms.names.index(f"{pauli}_i {pauli}_{{i+1}}")] = value
    rough = {
        "coefficients": values,
        "covariance": error**2 * np.eye(size),
        "curvature": np.eye(size) / error**2,
        "degrees_of_freedom": np.full(size, 1e6),
    }
    found = identify(FitResult(**{**vars(result), **rough}))
    assert (found.name, found.alternatives) == ("heisenberg", ("ising",))
    assert str(found).endswith(" Ising is possible, too.")
    assert identify(result).alternatives == ()


def test_small_and_large_couplings_are_identified_alike():
    for unit in (1e-9, 1e9):
        psi0 = {n: sample_initial_states("paper", n, 40, seed=0) for n in (2, 3, 4)}
        times = DT * np.arange(20)
        chains = [(LocalTerms(), evolve(ising(Chain(n)), psi0[n], times)) for n in psi0]
        result = fit_generator(chains, DT / unit)
        found = identify(result)
        assert found.name == "ising"
        assert found.parameters["transverse_field"] == pytest.approx(-1.05 * unit, rel=1e-9)
        assert f"coupling 1.00000000e{np.log10(unit):+03.0f} +- " in str(found)
        assert f"1.050000000e{np.log10(unit):+03.0f}" in coefficient_table(result)


def test_few_trajectories_need_larger_deviations():
    """Seven error bars say little where four trajectories made them."""
    result = fitted(lambda n: ising(Chain(n)), noise=1e-3)
    moved = result.coefficients.copy()
    k = result.terms.names.index("X_i Y_{i+1}")
    moved[k] = 7 * result.errors[k]
    many = FitResult(**{**vars(result), "coefficients": moved})
    assert identify(many).name == "custom"
    few = np.full(result.terms.size, 4.0)
    assert identify(FitResult(**{**vars(many), "degrees_of_freedom": few})).name == "ising"


def test_ising_without_fields_is_not_an_xxz_chain():
    result = fitted(lambda n: ising(Chain(n), transverse_field=0.0, longitudinal_field=0.0))
    assert identify(result).name == "ising"


def test_second_neighbours_that_no_chain_has_are_not_judged():
    result = fitted(lambda n: heisenberg(Chain(n)), (2,), LocalTerms(2))
    assert identify(result).name == "heisenberg"


def test_sentence_and_json_tell_values_with_errors():
    found = identify(fitted(lambda n: ising(Chain(n)), noise=1e-3))
    assert str(found).startswith("Ising chain with coupling ")
    assert "transverse_field -1.0" in str(found)
    assert " +- " in str(found)
    assert json.loads(json.dumps(found.to_dict()))["name"] == "ising"


def test_table_marks_what_is_not_zero():
    result = fitted(lambda n: ising(Chain(n)), (3,), noise=1e-3)
    rows = {line[2:].split("  ")[0].strip(): line for line in coefficient_table(result).split("\n")}
    assert rows["X_i"].startswith("* ")
    assert rows["Y_i"].startswith("  ")
    assert rows["n"].endswith("unknown")
    assert len(rows) == 1 + result.terms.size
