"""The front door: mistakes are one line, small things end to end."""

import numpy as np
import pytest

import qtf
from qtf.physics import (
    Chain,
    HamiltonianSettings,
    Lindbladian,
    PauliSum,
    PauliTerm,
    Square,
    evolve,
    heisenberg,
    ising,
    sample_initial_states,
    xxz,
)

TIMES = np.linspace(0.0, 1.0, 11)


def trajectories(n_sites=2, n_samples=12):
    psi0 = sample_initial_states("haar", n_sites, n_samples, seed=n_sites)
    return evolve(xxz(Chain(n_sites), anisotropy=0.5), psi0, TIMES)


PSI = trajectories()


@pytest.mark.parametrize(
    ("trajectories", "options", "message"),
    [
        ({}, {"dt": 0.1}, "`trajectories` must be a mapping .* but is empty"),
        (PSI, {"dt": 0.1}, "`trajectories` must be a mapping .* but is a ndarray"),
        ({3: PSI}, {"dt": 0.1}, r"n = 3 must have 8 amplitudes, but have shape \(12, 11, 4\)"),
        ({2: PSI[0]}, {"dt": 0.1}, r"`trajectories\[2\]` must be .* shape \(11, 4\)"),
        ({2: PSI[:, :1]}, {"dt": 0.1}, "with at least two times"),
        ({2: PSI[:1]}, {"dt": 0.1}, "at least 2 trajectories of n = 2, but there is 1"),
        ({2: PSI * np.nan}, {"dt": 0.1}, "must be finite"),
        ({2: PSI[..., :3]}, {"dt": 0.1}, r"must be 2\*\*n"),
        ({0: PSI}, {"dt": 0.1}, "`n_sites` must be positive, but is 0"),
        ({2: PSI}, {}, "`dt` or `times` must be given, but neither is"),
        ({2: PSI}, {"dt": -0.1}, "`dt` must be positive, but is -0.1"),
        ({2: PSI}, {"times": TIMES[:5]}, r"one finite number for each of 11 states.*\(5,\)"),
        ({2: PSI}, {"times": TIMES**2}, "uniform and ascending, but has steps from 0.01 to 0.19"),
        ({2: PSI}, {"times": TIMES[::-1]}, "uniform and ascending"),
        ({2: PSI}, {"times": TIMES, "dt": 0.2}, "`dt` must be that of `times`, 0.1, but is 0.2"),
    ],
)
@pytest.mark.parametrize("door", [qtf.learn_hamiltonian, qtf.train_dynamics])
def test_wrong_arrays_are_told_in_one_line(door, trajectories, options, message):
    with pytest.raises(ValueError, match=message) as told:
        door(trajectories, **options)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qtf.find_ground_state(np.eye(4)), "must be a PauliSum or .* but is a ndarray"),
        (
            lambda: qtf.find_ground_state(heisenberg(Chain(4)), lattice=Square(2, 3)),
            "`lattice` must have 4 sites, as the Hamiltonian, but has 6",
        ),
        (
            lambda: qtf.find_ground_state(
                HamiltonianSettings("heisenberg", {"n_sites": 4}), lattice=Chain(5)
            ),
            r"`lattice` must be that of the Hamiltonian, Chain\(n_sites=4",
        ),
        (lambda: qtf.find_ground_state(heisenberg(Chain(4)), preset="big"), "`preset` must be one"),
        (
            lambda: qtf.find_ground_state(heisenberg(Chain(4)), training={"n_epoch": 1}),
            "Unknown key `training.n_epoch`",
        ),
        (lambda: qtf.find_ground_state(heisenberg(Chain(4)), trainig={}), "Unknown key `trainig`"),
        (lambda: qtf.steady_state(heisenberg(Chain(2))), "`lindbladian` must be .* a PauliSum"),
        (
            lambda: qtf.steady_state(Lindbladian(PauliSum(1, []), {"decay": 1.0})),
            "at least 2 sites, but there is 1",
        ),
        (
            lambda: qtf.steady_state(Lindbladian(ising(Chain(2)), {})),
            "the steady state is not unique",
        ),
        (
            lambda: qtf.steady_state(
                Lindbladian(PauliSum(3, [PauliTerm(1.0, (0, 1, 2), "XXX")]), {"decay": 1.0})
            ),
            "at most 2 sites",
        ),
        (
            lambda: qtf.evolve_open(Lindbladian(ising(Chain(2)), {}), dt=0.0, n_steps=2),
            "`dt` must be positive, but is 0.0",
        ),
        (
            lambda: qtf.evolve_open(Lindbladian(ising(Chain(2)), {}), dt=0.1, n_steps=0),
            "`n_steps` must be positive, but is 0",
        ),
        (
            lambda: qtf.learn_hamiltonian(
                {2: PSI, 3: trajectories(3)}, times=TIMES, site_dependent=True
            ),
            "`site_dependent` needs trajectories of one chain length, but there are 2, 3",
        ),
        (
            lambda: qtf.train_dynamics({2: PSI}, times=TIMES, network="mlp"),
            "`network` must be one of",
        ),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_trained(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message) as told:
        call()
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run_cannot_be_loaded(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        qtf.load(tmp_path)


def test_a_learned_hamiltonian_says_what_it_is():
    learned = qtf.learn_hamiltonian({2: PSI, 3: trajectories(3)}, times=TIMES)
    assert learned.dt == pytest.approx(0.1)
    bond = learned.coefficients["Z_i Z_{i+1}"]
    assert float(bond) == pytest.approx(0.125, abs=1e-9)
    assert learned.explains_the_data
    assert learned.family.name == "xxz"
    assert learned.family["anisotropy"] == pytest.approx(0.5)
    assert learned.table in str(learned)
    matrix = learned.hamiltonian(4).to_dense()
    shift = np.trace(matrix - xxz(Chain(4), anisotropy=0.5).to_dense()) / 16
    expected = xxz(Chain(4), anisotropy=0.5).to_dense() + shift * np.eye(16)
    np.testing.assert_allclose(matrix, expected, atol=1e-9)


NOISY = Lindbladian(
    xxz(Chain(2), coupling=0.8, anisotropy=0.3), {"decay": [1.0, 0.6], "dephasing": 0.2}
)


def test_an_open_system_is_followed_in_time(tmp_path):
    result = qtf.evolve_open(
        NOISY, "+x", dt=0.05, n_steps=6, workdir=tmp_path / "run", training={"xla": False}
    )
    plus = np.full((4, 4), 0.25)
    exact = NOISY.evolve(plus, np.array([result.time]))[0]
    assert result.time == pytest.approx(0.3)
    np.testing.assert_allclose(result.density_matrix(), exact, atol=2e-3)
    loaded = qtf.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.probabilities, result.probabilities, atol=1e-7)
    assert [row.time for row in loaded.rows] == pytest.approx([0.05 * k for k in range(1, 7)])
    assert loaded.plot().axes


def test_a_steady_state_is_that_of_the_exact_solver():
    result = qtf.steady_state(
        NOISY, preset="quick", training={"xla": False, "n_epochs": 8}, steady_state={"n_epochs": 8}
    )
    exact = NOISY.steady_state()
    assert result.time is None
    np.testing.assert_allclose(result.density_matrix(), exact, atol=1e-2)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("front") / "run"
    result = qtf.find_ground_state(
        heisenberg(Chain(4)),
        preset="quick",
        network="transformer",
        workdir=workdir,
        training={"xla": False},
    )
    return result, workdir


def test_a_ground_state_is_found_and_loaded_again(small_run):
    result, workdir = small_run
    assert float(result.energy) == pytest.approx(-1.6160254, abs=1e-4)
    assert result.energy.v_score < 1e-4
    assert result.reference.kind == "exact"
    assert result.warnings == ()
    loaded = qtf.load(workdir)
    np.testing.assert_allclose(loaded.vector, result.vector, atol=1e-6)
    assert (loaded.reference, loaded.warnings) == (result.reference, ())
    assert [row["step"] for row in loaded.rows] == [row["step"] for row in result.rows]
    assert loaded.plot().axes


def test_without_a_workdir_no_files_are_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    options = {"units": 4, "n_max": 3}
    model = qtf.train_dynamics(
        {2: PSI.astype(np.complex64)},
        times=TIMES,
        preset="quick",
        model=options,
        training={"n_epochs": 1, "steps_per_epoch": 2, "xla": False},
    )
    # Autograph may leave a file of its own.
    assert not list(tmp_path.glob("qtf-*"))
    assert model.rollout(PSI[0, 0], 3).shape == (4, 4)
    assert (model.dt, model.n_sites) == (pytest.approx(0.1), (2,))
    assert len(model.rows) == 1


def test_a_network_goes_on_only_with_the_same_arrays(tmp_path):
    options = {
        "times": TIMES,
        "preset": "quick",
        "model": {"units": 4, "n_max": 3},
        "training": {"n_epochs": 1, "steps_per_epoch": 2, "xla": False},
        "workdir": tmp_path / "run",
    }
    first = qtf.train_dynamics({2: PSI}, **options)
    again = qtf.train_dynamics({2: PSI}, **options)
    np.testing.assert_array_equal(first.rollout(PSI[0, 0], 2), again.rollout(PSI[0, 0], 2))
    loaded = qtf.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.rollout(PSI[0, 0], 2), first.rollout(PSI[0, 0], 2))
    with pytest.raises(ValueError, match="a run with `physics.arrays_sha256`"):
        qtf.train_dynamics({2: PSI[:10]}, **options)
