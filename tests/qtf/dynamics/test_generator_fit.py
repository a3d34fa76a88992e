import json

import numpy as np
import pytest

from qtf.dynamics.generator_fit import fit_generator
from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import (
    Chain,
    evolve,
    heisenberg,
    ising,
    j1j2,
    sample_initial_states,
    xxz,
)

from .noisy_chains import noisy_chains

DT = 0.01
FIELDS = {3: (0.4, -0.7, 1.1), 4: (-0.2, 0.9, 0.3, -1.4)}


def trajectories(hamiltonian, n_samples=40, n_steps=30, noise=0.0, seed=0, dt=DT):
    n_sites = hamiltonian.n_sites
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=seed)
    psi = evolve(hamiltonian, psi0, dt * np.arange(n_steps + 1))
    rng = np.random.default_rng([seed, n_sites])
    return psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))


def chains(model, lengths=(2, 3, 4), terms=None, **arguments):
    terms = terms or LocalTerms()
    return [(terms, trajectories(model(Chain(n)), **arguments)) for n in lengths]


def expected(terms, **values):
    found = np.zeros(terms.size)
    for name, value in values.items():
        found[terms.names.index(name)] = value
    return found


ISING = {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}
SPIN_PAIRS = {f"{p}_i {p}_{{i+1}}": 0.25 for p in "XYZ"}


@pytest.mark.parametrize(
    ("model", "interaction_range", "values"),
    [
        (ising, 1, ISING),
        (heisenberg, 1, SPIN_PAIRS),
        (lambda chain: xxz(chain, anisotropy=0.3), 1, SPIN_PAIRS | {"Z_i Z_{i+1}": 0.075}),
        (j1j2, 2, SPIN_PAIRS | {f"{p}_i {p}_{{i+2}}": 0.125 for p in "XYZ"}),
        (ising, 2, ISING),
    ],
)
def test_coefficients_are_found_to_rounding(model, interaction_range, values):
    terms = LocalTerms(interaction_range)
    result = fit_generator(chains(model, terms=terms), DT)
    np.testing.assert_allclose(result.coefficients, expected(terms, **values), atol=1e-12)
    assert (result.errors < 1e-12).all()
    assert result.noise < 1e-14
    assert result.explains_the_data


def test_fields_of_every_site_are_found():
    rng = np.random.default_rng(3)
    g, h = rng.normal(size=(2, 4))
    terms = LocalTerms(site_dependent=True, n_sites=4)
    chain = ising(Chain(4), transverse_field=g, longitudinal_field=h)
    result = fit_generator([(terms, trajectories(chain))], DT)
    site = terms.split(result.coefficients)["site"]
    np.testing.assert_allclose(site, np.stack([-g, 0 * g, -h], axis=1), atol=1e-12)


def test_form_of_given_fields_is_shared_by_chains_in_different_fields():
    def chain(n_sites):
        fields = 0.2 + 0.5 * np.array(FIELDS[n_sites])
        return ising(Chain(n_sites), longitudinal_field=fields)

    data = [(LocalTerms(fields=FIELDS[n]), trajectories(chain(n))) for n in FIELDS]
    result = fit_generator(data, DT)
    values = {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.2, "f_i Z_i": -0.5}
    np.testing.assert_allclose(result.coefficients, expected(result.terms, **values), atol=1e-12)


def test_error_bars_cover_the_truth_of_noisy_data():
    """Standardised errors of several noises are spread as a normal deviate."""
    truth = expected(LocalTerms(), **ISING)
    deviates = []
    for seed in range(8):
        data = chains(ising, (2, 3), n_samples=60, n_steps=12, noise=1e-3, seed=seed)
        result = fit_generator(data, DT)
        assert result.noise == pytest.approx(1e-3, rel=0.03)
        deviates.append((result.coefficients - truth) / result.errors)
    assert 0.85 < np.std(deviates) < 1.25
    assert abs(np.mean(deviates)) < 0.3


def test_noise_hurts_less_at_longer_lags():
    data = chains(ising, (2, 3), n_steps=60, noise=1e-3)
    near, far = (fit_generator(data, DT, last_lag=lag) for lag in (1, None))
    assert (near.lag, far.lag) == (1, 40)
    assert np.median(far.errors) < np.median(near.errors) / 2.5


def test_lag_is_not_raised_while_phases_are_uncertain():
    data = chains(ising, (2,), n_samples=3, n_steps=60, noise=0.2, dt=0.1)
    result = fit_generator(data, 0.1)
    assert result.lag < 40
    assert np.abs(result.coefficients).max() < 20


def test_start_is_used():
    data = chains(ising, (2, 3), n_samples=10)
    truth = expected(LocalTerms(), **ISING)
    result = fit_generator(data, DT, start=truth + 1e-3)
    np.testing.assert_allclose(result.coefficients, truth, atol=1e-12)


def test_one_length_alone_leaves_the_two_shifts_undetermined():
    result = fit_generator(chains(ising, (3,)), DT)
    unknown = [
        name for name, known in zip(result.terms.names, result.determined, strict=True) if not known
    ]
    assert unknown == ["1", "n"]
    assert np.isinf(result.errors).sum() == 2
    shift = result.coefficients[-2:] @ [1, 3]
    assert abs(shift) < 1e-12


def test_terms_longer_than_every_chain_are_undetermined():
    result = fit_generator(chains(ising, (2, 3), terms=LocalTerms(3)), DT)
    named = zip(result.terms.names, result.determined, strict=True)
    assert all(known == ("{i+3}" not in name) for name, known in named)


def test_a_closed_chain_is_not_explained():
    data = chains(lambda chain: ising(Chain(chain.n_sites, periodic=True)), (3, 4), noise=1e-4)
    result = fit_generator(data, DT)
    assert not result.explains_the_data
    assert result.residuals[result.lag] > 5 * result.residuals[1]


def test_noise_alone_is_explained():
    assert fit_generator(chains(ising, noise=1e-2), DT).explains_the_data


def test_a_missing_term_of_three_sites_is_not_explained():
    chains = noisy_chains((3, 4, 5), n_samples=100, strength=0.05)
    result = fit_generator(chains, 0.002)
    assert result.explains_the_data is False
    assert result.p_value < 1e-50
    # Less than twice the noise, which is too little for a rule of thumb.
    assert 1.4e-3 < result.residuals[67] < 2 * result.noise
    assert fit_generator(noisy_chains((3, 4, 5), n_samples=100), 0.002).p_value > 0.01


def test_one_lag_does_not_tell_whether_the_data_are_explained():
    result = fit_generator(chains(ising, noise=1e-3), DT, last_lag=1)
    assert result.p_value is None
    assert result.explains_the_data is None
    assert json.loads(json.dumps(result.to_dict()))["p_value"] is None


@pytest.mark.parametrize(
    ("time_unit", "norm"), [(1e9, 1.0), (1e-9, 1.0), (1.0, 1e155), (1.0, 1e-160)]
)
def test_units_of_time_and_of_amplitudes_make_no_difference(time_unit, norm):
    """Up to rounding, which Gauss-Newton steps carry on."""
    data = chains(ising, (2, 3), n_samples=10, noise=1e-3)
    usual = fit_generator(data, DT)
    result = fit_generator([(terms, norm * psi) for terms, psi in data], DT * time_unit)
    scale = {"rtol": 1e-6, "atol": 1e-9 / time_unit}
    np.testing.assert_allclose(result.coefficients * time_unit, usual.coefficients, atol=1e-9)
    np.testing.assert_allclose(result.errors, usual.errors / time_unit, **scale)
    assert result.p_value == pytest.approx(usual.p_value, rel=1e-6)
    assert result.noise == pytest.approx(norm * usual.noise, rel=1e-9)


def test_real_trajectories_are_those_without_imaginary_parts():
    real = [(terms, psi.real) for terms, psi in chains(ising, (2, 3))]
    result = fit_generator(real, DT)
    assert result.explains_the_data is False
    with_parts = fit_generator([(terms, psi + 0j) for terms, psi in real], DT)
    np.testing.assert_array_equal(result.coefficients, with_parts.coefficients)


def test_progress_is_reported_for_every_lag():
    lines = []
    result = fit_generator(chains(ising, (2, 3)), DT, report=lines.append)
    assert [int(line.split()[1]) for line in lines] == list(result.residuals)
    assert "pairs" in lines[0]


def test_result_goes_through_json():
    result = fit_generator(chains(ising, (3,), noise=1e-3), DT)
    content = json.loads(json.dumps(result.to_dict()))
    by_name = {row["name"]: row for row in content["coefficients"]}
    assert by_name["X_i"]["value"] == pytest.approx(1.05, abs=0.01)
    assert by_name["n"]["error"] is None
    assert by_name["n"]["degrees_of_freedom"] is None
    assert 1 < by_name["X_i"]["degrees_of_freedom"] < 40
    assert content["explains_the_data"] is True
    assert 1e-3 < content["p_value"] <= 1
    assert LocalTerms.from_dict(content["terms"]) == result.terms


PAIR = (LocalTerms(), np.ones((2, 3, 4), complex))


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        ([], {}, "`chains` must hold at least one chain, but is empty"),
        ([PAIR], {"dt": 0.0}, "`dt` must be positive and finite, but is 0.0"),
        ([PAIR], {"last_lag": 3}, "`last_lag` must be from 1 to 2, .*, but is 3"),
        ([PAIR, (LocalTerms(2), PAIR[1])], {}, "the same coefficients, but some have 20 and .*29"),
        ([(LocalTerms(), np.ones((2, 4)))], {}, r"n_times, 2\*\*n\) .* but have shape \(2, 4\)"),
        ([(LocalTerms(), np.ones((2, 1, 4)))], {}, "at least two times"),
        ([(LocalTerms(), np.full((2, 2, 4), np.nan))], {}, "must be finite, but holds NaN"),
        ([(LocalTerms(), PAIR[1][:1])], {}, "at least 2 trajectories for error bars, .* are 1"),
        ([(LocalTerms(), np.ones((2, 3, 7)))], {}, r"axis of `chains` must be 2\*\*n, .* but is 7"),
        ([(LocalTerms(), np.ones((2, 3, 0)))], {}, r"`chains` must be 2\*\*n, .* but is 0"),
        ([(LocalTerms(), np.ones((2, 3, 512)))], {}, "at most 8 spins, but one has 9"),
        ([(LocalTerms(), np.ones((0, 3, 4)))], {}, "at least 2 trajectories .*, but there are 0"),
        ([(LocalTerms(), np.full((2, 3, 4), "x"))], {}, "must hold numbers, but has dtype <U1"),
        (
            [(LocalTerms(), np.zeros((2, 3, 4)))],
            {},
            "`chains` must hold states, none of which is 0",
        ),
        (np.ones((2, 3, 4)), {}, "must hold pairs of LocalTerms and traj.* but holds ndarray"),
        ([(LocalTerms(fields=(1.0,)), PAIR[1])], {}, "`n_sites` must be 1, as the fields .* is 2"),
        ([PAIR], {"dt": np.nan}, "`dt` must be finite, but is nan"),
        ([PAIR], {"dt": np.inf}, "`dt` must be finite, but is inf"),
        ([PAIR], {"last_lag": 0}, "`last_lag` must be from 1 to 2, .*, but is 0"),
        ([PAIR], {"last_lag": 1.5}, "`last_lag` must be an integer, but is 1.5"),
        ([PAIR], {"start": np.zeros(3)}, r"`start` must hold 20 finite numbers, .* is array\(\[0"),
        ([PAIR], {"start": np.full(20, np.nan)}, "`start` must hold 20 finite numbers"),
    ],
)
def test_fit_raises_on_bad_arguments(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_generator(data, **{"dt": DT, **arguments})
