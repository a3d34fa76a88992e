"""Fits of chains by patches against fits of whole chains and against the truth."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from qtf.measurements import (
    Experiments,
    Setting,
    ShotModel,
    fit_chain,
    fit_shots,
    simulate_shots,
    write_experiments,
)
from qtf.measurements.patches import ChainModel

ROOT = Path(__file__).parents[3]

WORDS = ["XX", "ZZ", "X@each"]


@pytest.fixture(scope="module")
def small_patches():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qtf.measurements.chain_fit.PURE_SITES", (2, 4, 8))
        patch.setattr("qtf.measurements.chain_fit.OPEN_SITES", (2, 4, 4))
        patch.setattr("qtf.measurements.chain_fit.LARGEST_WINDOW", 2)
        yield


@pytest.fixture(scope="module")
def chain():
    random = np.random.default_rng(4)
    model = ShotModel.of_words(7, terms=WORDS)
    truth = random.uniform(-0.8, 0.8, model.size)
    settings = [
        Setting("+z", 0.2 * (1 + k % 4), "".join(random.choice(list("XYZ"), 7)), 200)
        for k in range(160)
    ]
    return model, truth, simulate_shots(model, truth, settings, seed=3)


@pytest.fixture(scope="module")
def fit(chain, small_patches):
    lines = []
    return fit_chain(chain[2], terms=WORDS, report=lines.append), lines


def test_patches_learn_nearly_what_the_whole_chain_tells(chain, fit):
    model, truth, shots = chain
    whole = fit_shots(model, shots, candidates=())
    fit, _ = fit
    assert fit.model.names == model.names
    assert fit.converged
    assert np.sqrt(np.mean(((fit.parameters - truth) / fit.errors) ** 2)) < 1.6
    # Pairs of neighbours tell less than all sites, but not more.
    ratio = np.sqrt(np.mean(fit.errors**2) / np.mean(whole.errors**2))
    assert 1.0 < ratio < 1.8
    np.testing.assert_allclose(fit.parameters, whole.parameters, atol=5 * fit.errors.max())
    assert fit.explains_the_data


def test_windows_of_five_lose_hardly_anything(chain, monkeypatch):
    _, _, shots = chain
    whole = fit_shots(chain[0], shots, candidates=())
    monkeypatch.setattr("qtf.measurements.chain_fit.PURE_SITES", (5, 7, 7))
    monkeypatch.setattr("qtf.measurements.chain_fit.LARGEST_WINDOW", 5)
    fit = fit_chain(shots, terms=WORDS)
    # 1.063 if each window told all of its bits, those of the one before again.
    assert np.sqrt(np.mean(fit.errors**2) / np.mean(whole.errors**2)) < 1.05
    assert np.isclose(fit.log_likelihood, whole.log_likelihood, rtol=0.01)


def test_the_margin_grows_until_nothing_changes(fit):
    _, lines = fit
    changes = [float(line.split()[-3]) for line in lines if line.startswith("margin")]
    assert changes[-1] < 0.25 or len(changes) == 2
    assert all(change > 0.25 for change in changes[:-1])
    assert lines[0] == "to time 0.2"


def test_windows_grow_where_error_bars_become_smaller(chain, fit, monkeypatch):
    monkeypatch.setattr("qtf.measurements.chain_fit.PURE_SITES", (2, 4, 8))
    monkeypatch.setattr("qtf.measurements.chain_fit.LARGEST_WINDOW", 4)
    near, lines = dict(zip(chain[0].names, fit[0].parameters, strict=True)), []
    wider = fit_chain(chain[2], terms=WORDS, start=near, candidates=(), report=lines.append)
    assert (wider.sizes.window, fit[0].sizes.window) == (4, 2)
    (line,) = [line for line in lines if line.startswith("windows of 4")]
    told = float(line.split()[-2]) / 100
    # Of few settings and for windows that are independent, against all and the sandwich.
    before, after = (np.sqrt(np.mean(one.errors**2)) for one in (fit[0], wider))
    assert 1 - after / before == pytest.approx(told, abs=0.04)
    assert told > 0.05
    assert wider.converged
    assert np.abs((wider.parameters - chain[1]) / wider.errors).max() < 4
    # What costs too much, or gains too little, is left.
    for name, value in (("MOST_WORK", 1.0), ("LEAST_GAIN", 0.9)):
        with monkeypatch.context() as changed:
            changed.setattr(f"qtf.measurements.chain_fit.{name}", value)
            left = fit_chain(chain[2], terms=WORDS, start=near, candidates=())
        assert left.sizes.window == 2


def test_error_bars_of_patches_are_those_of_many_draws(small_patches):
    random = np.random.default_rng(5)
    model = ShotModel.of_words(4, terms=["ZZ", "X@each"])
    truth = np.array([0.5, 0.7, -0.4, 0.3, 0.6])
    settings = [
        Setting("+z", 0.3 * (1 + k % 2), "".join(random.choice(list("XYZ"), 4)), 30)
        for k in range(30)
    ]
    near = dict(zip(model.names, truth, strict=True))
    off = []
    for seed in range(24):
        shots = simulate_shots(model, truth, settings, seed=seed)
        fit = fit_chain(shots, terms=["ZZ", "X@each"], start=near)
        off.append((fit.parameters - truth) / fit.errors)
    # 120 values: one standard deviation of the ratio is 0.065.
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(1.0, abs=0.2)


def test_error_bars_of_some_strings_are_those_of_all(chain, fit, monkeypatch, small_patches):
    monkeypatch.setattr("qtf.measurements.chain_end.MOST_STRINGS", 4000)
    near = dict(zip(chain[0].names, fit[0].parameters, strict=True))
    some = fit_chain(chain[2], terms=WORDS, start=near)
    np.testing.assert_allclose(some.errors, fit[0].errors, rtol=0.25)


def test_noise_is_learned_from_patches(small_patches):
    random = np.random.default_rng(6)
    words = {"terms": ["XX", "Z"], "jumps": ["decay"], "readout": ["e01"]}
    model = ShotModel.of_words(3, **words)
    truth = np.array([0.6, 0.4, 0.3, 0.04])
    settings = [
        Setting("+x -z +y", 0.4 * (1 + k % 3), "".join(random.choice(list("XYZ"), 3)), 1000)
        for k in range(30)
    ]
    fit = fit_chain(simulate_shots(model, truth, settings, seed=0), **words)
    assert np.abs((fit.parameters - truth) / fit.errors).max() < 4
    assert fit.errors.max() < 0.05


def test_a_rate_that_stays_at_0_does_not_keep_the_fit_from_its_end(chain, small_patches):
    model, _, shots = chain
    # As errors of readout that there are not: about half of all fits end at 0.
    fit = fit_chain(shots, terms=WORDS, readout=["e01@each"])
    assert (fit.parameters[model.size :] == 0.0).any()
    assert fit.converged


def test_a_wrong_model_does_not_explain_the_windows(chain, small_patches):
    fit = fit_chain(chain[2], terms=["ZZ", "X"])
    assert not fit.explains_the_data
    assert max(max(values) for values in fit.goodness.residuals.values()) > 5
    assert {len(values) for values in fit.goodness.residuals.values()} == {7}


def test_an_executor_does_the_same(chain, fit, small_patches):
    with ThreadPoolExecutor(2) as executor:
        again = fit_chain(chain[2], terms=WORDS, executor=executor)
    np.testing.assert_array_equal(again.parameters, fit[0].parameters)


@pytest.mark.long
def test_processes_do_the_same(chain):
    alone, several = (fit_chain(chain[2], terms=WORDS, workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(several.parameters, alone.parameters)


def test_a_chain_model_is_of_words_alone():
    assert ChainModel.of_words(50, terms=["ZZ", "X@each"]).size == 51


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "Argument `workers` must be positive"),
        (
            {"start": {"Q": 1.0}},
            "Argument `start` must name parameters of the model, X, Y, Z, but names",
        ),
        ({"terms": ["Q"]}, "Argument `terms` must hold letters"),
    ],
)
def test_arguments_that_are_not_allowed(arguments, message):
    shots = Experiments([Setting("+z", 1.0, "Y", 4)], [{"0": 4}])
    with pytest.raises(ValueError, match=message):
        fit_chain(shots, **arguments)


def test_all_words_of_neighbours_by_default():
    shots = Experiments([Setting("+z", 0.1, "Y", 4)], [{"0": 2, "1": 2}])
    assert fit_chain(shots).model.names == ("X", "Y", "Z")


@pytest.mark.long
def test_a_cluster_does_the_same(tmp_path):
    pytest.importorskip("distributed")
    model = ShotModel.of_words(9, terms=["ZZ", "X"])
    settings = [
        Setting("+z", 0.15 * k, basis, 100) for k in range(1, 5) for basis in ("YZXYZXYZX", "Z" * 9)
    ]
    shots = simulate_shots(model, [1.0, 0.5], settings, seed=1)
    write_experiments(tmp_path / "shots.csv", shots)
    entries = []
    # Commands have processes of their own: dask leaves threads and loops behind.
    for number, flags in enumerate(([], ["--dask_scheduler=local", "--workers=2"])):
        command = [
            "--data=shots.csv",
            "--terms=ZZ,X@each",
            "--patches",
            f"--out_file={number}.json",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "trainers.learn_shots", *command, *flags],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        entries.append(json.loads((tmp_path / f"{number}.json").read_text())["parameters"])
    assert entries[0] == entries[1]
