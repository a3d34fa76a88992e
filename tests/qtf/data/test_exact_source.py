import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.data.exact_source import ExactSource
from qtf.physics import Chain, ising


def _source(**changes):
    arguments = {"n_sites": (2, 3), "batch_size": 6, "window": 5, "dt": 0.01, "n_steps": 8}
    return ExactSource({"name": "ising"}, **{**arguments, **changes})


def _states(batch):
    return batch["psi"][:, :, 0].astype(np.float64) + 1j * batch["psi"][:, :, 1]


@pytest.mark.parametrize("step", [0, 1, 5, 1000])
def test_windows_obey_the_schroedinger_equation(step):
    psi = _states(_source().batch(step))
    n_sites = int(np.log2(psi.shape[-1]))
    propagator = expm(-0.01j * ising(Chain(n_sites)).to_dense())
    assert np.abs(psi[:, 1:] - psi[:, :-1] @ propagator.T).max() < 3e-7
    assert np.allclose(np.linalg.norm(psi, axis=2), 1, atol=3e-7)


def test_windows_obey_the_equation_with_complex_eigenvectors():
    terms = [{"coefficient": 0.7, "sites": [0, 1], "paulis": "XY"}]
    terms += [{"coefficient": 0.4, "sites": [1], "paulis": "Z"}]
    source = ExactSource(
        {"name": "custom", "terms": terms}, n_sites=(2,), batch_size=3, window=4, dt=0.05
    )
    x, y, z = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    propagator = expm(-0.05j * (0.7 * np.kron(x, y) + 0.4 * np.kron(np.eye(2), z)))
    psi = _states(source.batch(3))
    assert np.abs(psi[:, 1:] - psi[:, :-1] @ propagator.T).max() < 3e-7


def test_windows_start_at_different_times():
    source = _source(n_sites=(2,), batch_size=200, window=6, initial_states="product")
    # A product state has no entanglement at t = 0 and gains it by the coupling.
    first = _states(source.batch(0))[:, 0]
    determinants = np.abs(first[:, 0] * first[:, 3] - first[:, 1] * first[:, 2])
    at_zero = (determinants < 1e-7).mean()
    # Four possible starts, one of them t = 0.
    assert abs(at_zero - 1 / 4) < 5 * np.sqrt(3 / 16 / 200)


def test_batch_depends_on_the_step_alone():
    source = _source()
    first = [source.batch(k)["psi"] for k in (4, 2, 4)]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[1], _source().batch(2)["psi"])


@pytest.mark.parametrize(
    "other", [{"split": "validation"}, {"split": "test"}, {"seed": 1}, {"initial_states": "haar"}]
)
def test_sources_share_no_state(other):
    # One length, so that the batches can be compared.
    first = _source(n_sites=(2,)).batch(0)["psi"].reshape(-1, 8)
    second = _source(n_sites=(2,), **other).batch(0)["psi"].reshape(-1, 8)
    assert np.abs(first[:, None] - second).max(axis=2).min() > 1e-4


@pytest.mark.parametrize(("step", "replica"), [(1, 0), (0, 1)])
def test_batches_share_no_state(step, replica):
    source = _source(n_sites=(2,))
    first = source.batch(0)["psi"].reshape(-1, 8)
    second = source.batch(step, replica)["psi"].reshape(-1, 8)
    assert np.abs(first[:, None] - second).max(axis=2).min() > 1e-4


def test_replicas_have_one_length():
    source = _source()
    for step in range(8):
        assert source.batch(step)["psi"].shape == source.batch(step, 3)["psi"].shape


def test_lengths_are_those_of_the_mixture():
    source = _source(weights=(1, 3))
    found = [source.batch(step)["psi"].shape[-1] for step in range(20)]
    assert found == (2 ** source.mixture.n_sites_at(np.arange(20))).tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "Argument `batch_size` must be positive, but is 0"),
        ({"window": 10}, "Argument `window` must be from 1 to `n_steps` .* = 9, but is 10"),
        ({"window": 0}, "Argument `window` must be from 1 to .*, but is 0"),
        ({"dt": -0.1}, r"Argument `dt` must be positive, but is -0\.1"),
        ({"dt": float("inf")}, "Argument `dt` must be finite, but is inf"),
        ({"initial_states": "x"}, "Argument `initial_states` must be one of .*, but is .x"),
        ({"split": "dev"}, "Argument `split` must be one of .*, but is .dev"),
    ],
)
def test_source_fails_on_a_wrong_argument(changes, message):
    with pytest.raises(ValueError, match=message):
        _source(**changes)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1)])
def test_batch_fails_on_a_negative_step(place):
    with pytest.raises(ValueError, match="Arguments `step` and `replica` must not be negative"):
        _source().batch(*place)


def test_source_and_format_do_not_import_tensorflow():
    code = (
        "import sys, qtf.data.exact_source, qtf.data.loading, qtf.data.schema;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_windows_are_pieces_of_whole_trajectories_from_any_time():
    common = {"n_sites": (2,), "batch_size": 200, "n_steps": 6, "dt": 0.3, "seed": 1}
    whole, parts = (
        ExactSource({"name": "ising"}, window=window, **common).batch(0)["psi"] for window in (7, 3)
    )
    starts = [
        [k for k in range(5) if np.allclose(states[k : k + 3], part, atol=1e-5)]
        for states, part in zip(whole, parts, strict=True)
    ]
    assert all(len(found) == 1 for found in starts)
    assert {found[0] for found in starts} == set(range(5))
