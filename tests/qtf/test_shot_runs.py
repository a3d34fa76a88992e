"""Run folders of what shots have told: the model predicts what the couplings say."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

import qtf
from qtf.dynamics.generator_report import identify
from qtf.measurements import Setting, ShotModel, fit_shots, fit_words, simulate_shots
from qtf.measurements.patches import ChainModel
from qtf.shot_runs import as_learned_terms, write_run


def learn(n_sites, words, values, *, readout=(), **options):
    """Fit of many shots from several starts in several bases."""
    model = ShotModel.of_words(n_sites, terms=words, readout=readout)
    random = np.random.default_rng(5)
    settings = [
        Setting(
            " ".join(random.choice(["+x", "-x", "+y", "-y", "+z", "-z"], n_sites)),
            0.2 + 0.2 * (k % 4),
            "".join(random.choice(list("XYZ"), n_sites)),
            400,
        )
        for k in range(60)
    ]
    shots = simulate_shots(model, values, settings, seed=1)
    return fit_shots(model, shots, candidates=(), **options)


@pytest.fixture(scope="module")
def chain():
    """A chain that is the same everywhere, with bonds of range 2 and a readout error."""
    return learn(4, ["ZZ", "X", "XIY", "ZX"], [0.9, 0.5, -0.3, 0.2, 0.02], readout=["e01"])


@pytest.fixture(scope="module")
def ising_fit():
    """An Ising chain, learned with a field that it does not have."""
    return fit_words(ising_shots(), terms=["ZZ", "X", "Y"], candidates=())


def ising_shots():
    model = ShotModel.of_words(3, terms=["ZZ", "X"])
    settings = [
        Setting(start, 0.25 * k, basis, 400)
        for start in ("+z", "+x -y +z")
        for k in range(1, 5)
        for basis in ("XYZ", "YZX", "ZXY")
    ]
    return simulate_shots(model, [-1.0, 0.6], settings, seed=1)


def test_terms_of_a_generator_are_the_hamiltonian_of_the_fit(chain):
    learned = as_learned_terms(chain)
    assert learned.hamiltonian(4).is_close(chain.hamiltonian, tolerance=1e-14)
    assert learned.terms.interaction_range == 2
    place = learned.terms.names.index
    for name, word in (("Z_i Z_{i+1}", "ZZ"), ("X_i Y_{i+2}", "XIY"), ("Z_i X_{i+1}", "ZX")):
        error = chain.errors[chain.model.names.index(word)]
        assert learned.coefficients[place(name)] == chain[word]
        assert learned.errors[place(name)] == pytest.approx(error, rel=1e-5)
    # What was not asked for is taken for 0.
    assert learned.errors[place("Y_i")] < 1e-2 * chain.errors.min()
    assert learned.errors[place("n")] == np.inf
    names = [place(name) for name in ("Z_i Z_{i+1}", "X_i")]
    here = [chain.model.names.index(word) for word in ("ZZ", "X")]
    assert learned.covariance[names[0], names[1]] == pytest.approx(chain.covariance[*here])


def test_fields_of_sites_make_a_model_of_one_chain():
    fit = learn(3, ["ZZ", "X", "X@2", "Z@3"], [0.8, 0.5, -0.2, 0.3])
    learned = as_learned_terms(fit)
    assert learned.terms.n_sites == 3
    assert learned.hamiltonian(3).is_close(fit.hamiltonian, tolerance=1e-14)
    place = [fit.model.names.index(word) for word in ("X", "X@2")]
    expected = fit.covariance[np.ix_(place, place)].sum() ** 0.5
    error = learned.errors[learned.terms.names.index("X_2")]
    assert error == pytest.approx(expected, rel=1e-4)


def test_which_hamiltonian_it_is(ising_fit):
    found = identify(as_learned_terms(ising_fit))
    assert found.name == "ising"
    for name, word, sign in (("coupling", "ZZ", -1), ("transverse_field", "X", -1)):
        error = ising_fit.errors[ising_fit.model.names.index(word)]
        # One parameter fewer makes the others better known, never worse.
        assert found.errors[name] <= 1.001 * error
        assert found.parameters[name] == pytest.approx(sign * ising_fit[word], abs=3 * error)
    wrong = replace(ising_fit, goodness=replace(ising_fit.goodness, p_value=1e-9))
    assert identify(as_learned_terms(wrong)).name == "none"


def test_a_run_folder_predicts_longer_chains_as_its_couplings_do(chain, tmp_path):
    write_run(chain, tmp_path / "run", dt=0.05)
    model = qtf.load(tmp_path / "run")
    assert (model.dt, model.n_sites) == (0.05, (4,))
    random = np.random.default_rng(0)
    psi0 = random.normal(size=64) + 1j * random.normal(size=64)
    psi0 /= np.linalg.norm(psi0)
    hamiltonian = as_learned_terms(chain).hamiltonian(6).to_dense()
    expected = expm(-1j * 0.05 * 20 * hamiltonian) @ psi0
    assert model.rollout(psi0, 20)[20] == pytest.approx(expected, abs=1e-10)
    content = json.loads((tmp_path / "run" / "generator.json").read_text())
    assert content["sentence"] == chain.verdict
    assert content["hamiltonian"]["name"] == "custom"
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["parameters"] == chain.to_dict()["parameters"]


def test_the_same_fit_is_written_again_and_another_is_not(chain, ising_fit, tmp_path):
    write_run(chain, tmp_path / "run", dt=0.05)
    write_run(chain, tmp_path / "run", dt=0.05)
    with pytest.raises(ValueError, match="another configuration|holds a run"):
        write_run(ising_fit, tmp_path / "run", dt=0.05)


def test_a_chain_longer_than_the_model_is_recorded_as_it_was(chain, tmp_path):
    words = {"terms": [*chain.model.terms], "readout": ["e01"]}
    long = replace(chain, model=ChainModel.of_words(40, **words))
    write_run(long, tmp_path / "run", dt=0.01)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["data"]["n_sites"] == [40]
    assert config["physics"]["learned_from"] == "shots"


@pytest.mark.parametrize(
    ("words", "values", "message"),
    [
        (["ZZ@1", "X"], [0.5, 0.5], "the same along the chain, such as .* learned with ZZ@1"),
        (["XYZ", "X"], [0.5, 0.5], "such as X, X@2, ZZ or ZIZ, but was learned with XYZ"),
    ],
)
def test_what_no_generator_has_is_named(words, values, message, tmp_path):
    fit = learn(3, words, values)
    with pytest.raises(ValueError, match=message):
        write_run(fit, tmp_path / "run", dt=0.05)
    assert list(tmp_path.iterdir()) == []


def test_rates_and_untold_parameters_are_named(chain, tmp_path):
    model = ShotModel.of_words(2, terms=["X"], jumps=["decay"])
    settings = [Setting("+z", 0.3 * k, "ZZ", 100) for k in range(1, 4)]
    noisy = fit_shots(model, simulate_shots(model, [0.5, 0.1], settings, seed=0), candidates=())
    with pytest.raises(ValueError, match="no jumps, but there are rates of decay; follow them as"):
        write_run(noisy, tmp_path / "run", dt=0.05)
    told = chain.determined.copy()
    told[1] = False
    with pytest.raises(ValueError, match=re.escape("told by the data, but X is not")):
        write_run(replace(chain, determined=told), tmp_path / "run", dt=0.05)
    for dt, message in ((0.0, "`dt` must be positive"), (5.0, "`dt` times the bound of")):
        with pytest.raises(ValueError, match=message):
            write_run(chain, tmp_path / "run", dt=dt)
    assert list(tmp_path.iterdir()) == []


def test_the_front_door_leaves_the_run_folder_that_it_is_asked_for(tmp_path):
    shots = ising_shots()
    learned = qtf.learn_from_shots(shots, terms=["ZZ", "X"], workdir=tmp_path / "run", dt=0.1)
    psi = qtf.load(tmp_path / "run").rollout(np.eye(8)[0], 3)
    expected = expm(-0.3j * learned.hamiltonian.to_dense())[:, 0]
    assert psi[3] == pytest.approx(expected, abs=1e-10)
