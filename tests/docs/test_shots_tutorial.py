"""The blocks of docs/shots_tutorial.md are run; the truth lies in the bands that they end with."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import expm_multiply

import qtf
from qtf.physics import PauliSum, PauliTerm

PAGE = (Path(__file__).parents[2] / "docs" / "shots_tutorial.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the blocks define, run one after another in one folder."""
    defined: dict = {"folder": tmp_path_factory.mktemp("tutorial")}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(defined["folder"])
        for block in BLOCKS:
            exec(compile(block, "docs/shots_tutorial.md", "exec"), defined)
    return defined


def strings(word, coefficient, n_sites=12):
    places = range(n_sites - len(word) + 1)
    return [PauliTerm(coefficient, tuple(range(k, k + len(word))), word) for k in places]


def test_the_terms_and_errors_of_the_laboratory_are_found(names):
    fit = names["selection"].fit
    assert fit.shots == 20_000
    assert set(names["selection"].kept) == {"ZZ", "X", "Z", "e01", "e10"}
    true = dict(zip(names["laboratory"].names, names["truth"], strict=True))
    for name, error in zip(fit.model.names, fit.errors, strict=True):
        assert fit[name] == pytest.approx(true[name], abs=3.5 * error)


def test_the_truth_of_twelve_spins_lies_in_the_bands(names):
    prediction, times = names["prediction"], names["times"]
    terms = [*strings("ZZ", 1.0), *strings("X", 0.7), *strings("Z", 0.3)]
    psi0 = np.eye(2**12)[0].astype(complex)
    matrix = -1j * PauliSum(12, terms).to_sparse()
    states = expm_multiply(matrix, psi0, times[0], times[-1], len(times)).T
    for name in ("X", "Y", "Z", "XX", "YY", "ZZ"):
        places = strings(name, 1.0)
        operator = PauliSum(12, places).to_sparse() * (1 / len(places))
        exact = np.einsum("xt,xt->t", states.conj(), operator @ states).real
        value, low, high = prediction[name].T
        assert (low - 1e-9 <= exact).all()
        assert (exact <= high + 1e-9).all()
        # A band that holds everything would say nothing.
        assert (high - low).max() < 0.1 * np.ptp(exact)
        assert exact == pytest.approx(
            names["exact"][:, prediction.observables.index(name)], abs=1e-8
        )


def test_files_and_model_are_there(names):
    folder = names["folder"]
    assert "data:image/png" in (folder / "report.html").read_text()
    assert (folder / "twelve.png").read_bytes().startswith(b"\x89PNG")
    model = qtf.load(folder / "RUN")
    states = model.rollout(np.eye(16)[0], 5)
    assert states.shape == (6, 16)
    learned = names["selection"].fit.hamiltonian
    expected = expm_multiply(-0.1j * learned.to_sparse(), np.eye(16)[0].astype(complex))
    assert states[5] == pytest.approx(expected, abs=1e-9)
