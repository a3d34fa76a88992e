"""Lindblad equation and steady state by QuTiP; runs in the peers' environment."""

from typing import Any

import numpy as np
import qutip

from benchmarks.peers.peaks import peak_growth
from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock

AGREEMENT = 1e-6
# Of means of trajectories, in standard errors; there are some hundred of them.
LARGEST_DEVIATION = 5.0
TIGHT = {"rtol": 1e-10, "atol": 1e-10, "nsteps": 100_000}
# Of GMRES, which by itself stops five digits earlier.
RESIDUAL = {"rtol": 1e-8, "atol": 0.0}


def main() -> None:
    """Answers until standard input ends."""
    serve(
        {
            "mesolve": _mesolve,
            "mesolve_error": _mesolve_error,
            "mesolve_peak": _mesolve_peak,
            "mcsolve": _mcsolve,
            "steadystate": _steadystate,
            "steadystate_peak": _steadystate_peak,
        }
    )


def _mesolve(n_sites: int, times: list[float], **model: float) -> Run:
    """Returns a run of `mesolve` with its default tolerances, <Z> kept."""
    return clock(_evolution(n_sites, times, "Z", **model))


def _mesolve_error(
    n_sites: int, times: list[float], expected: list[list[float]], **model: float
) -> Run:
    """Returns a function that returns the largest error of <X>, <Y>, <Z> by default tolerances.

    Before that, they are compared with `expected` at tolerances of 1e-10.
    """
    _check(_evolution(n_sites, times, "XYZ", **model)(**TIGHT), expected)
    found = _evolution(n_sites, times, "XYZ", **model)()
    return lambda: float(np.abs(np.array(found) - np.array(expected)).max())


def _mcsolve(
    n_sites: int,
    times: list[float],
    n_trajectories: int,
    expected: list[list[float]],
    **model: float,
) -> Run:
    """Returns a run of `mcsolve`, one trajectory after another, <X>, <Y>, <Z> kept.

    Before that its means are compared with `expected`: at each time and of each Pauli matrix the
    mean and its standard error, which are those of as many trajectories.
    """
    psi0, kept = _left(n_sites), _means(n_sites)
    hamiltonian, jumps = _chain(n_sites, **model), _jumps(n_sites)

    def solve(seed: int = 0) -> Any:
        return qutip.mcsolve(
            hamiltonian,
            psi0,
            times,
            jumps,
            e_ops=kept,
            ntraj=n_trajectories,
            seeds=seed,
            options={"map": "serial", "progress_bar": ""},
        )

    means, errors = np.array(expected)
    result = solve(1)
    theirs = np.array(result.std_expect) / np.sqrt(n_trajectories)
    apart = np.abs(np.array(result.expect) - means) / np.sqrt(errors**2 + theirs**2 + 1e-8)
    if apart[:, 1:].max() > LARGEST_DEVIATION:
        raise RuntimeError(f"QuTiP's trajectories are {apart.max():.1f} standard errors from ours.")
    return clock(solve)


def _mesolve_peak(n_sites: int, times: list[float], **model: float) -> Run:
    """Returns a function that returns the memory that `mesolve` takes in MiB."""
    _evolution(2, times, "Z", **model)()
    return lambda: peak_growth(_evolution(n_sites, times, "Z", **model))


def _evolution(n_sites: int, times: list[float], paulis: str, **model: float) -> Any:
    """Returns a function of options that returns the means of `paulis` in time."""
    hamiltonian, jumps = _chain(n_sites, **model), _jumps(n_sites)
    psi0, means = _left(n_sites), _means(n_sites)
    kept = [means["XYZ".index(pauli)] for pauli in paulis]

    def evolve(**options: float) -> list[np.ndarray]:
        keywords = {"c_ops": jumps, "e_ops": kept, "options": options}
        return qutip.mesolve(hamiltonian, psi0, times, **keywords).expect

    return evolve


def _steadystate(n_sites: int, solver: str | None, expected: list[float], **model: float) -> Run:
    """Returns a run of `steadystate`, by its default solver or another one.

    Before that, <X>, <Y>, <Z> are compared with `expected`.
    """
    solve = _solution(n_sites, solver, **model)
    rho = solve()
    _check([qutip.expect(mean, rho) for mean in _means(n_sites)], expected)
    return clock(solve)


def _steadystate_peak(n_sites: int, solver: str | None, **model: float) -> Run:
    """Returns a function that returns the memory that `steadystate` takes in MiB."""
    _solution(2, solver, **model)()
    return lambda: peak_growth(_solution(n_sites, solver, **model))


def _solution(n_sites: int, solver: str | None, **model: float) -> Any:
    """Returns a function that returns the steady state."""
    hamiltonian, jumps = _chain(n_sites, **model), _jumps(n_sites)
    options = {"solver": solver, **RESIDUAL} if solver else {}
    return lambda: qutip.steadystate(hamiltonian, jumps, **options)


def _check(values: list[Any], expected: list[Any]) -> None:
    for pauli, theirs, ours in zip("XYZ", values, expected, strict=True):
        error = float(np.abs(np.asarray(theirs) - np.asarray(ours)).max())
        if error > AGREEMENT:
            raise RuntimeError(f"QuTiP's <{pauli}> differs from ours by {error:.1e}.")


def _left(n_sites: int) -> qutip.Qobj:
    """Returns the state of all spins along -y."""
    left = (qutip.basis(2, 0) - 1j * qutip.basis(2, 1)).unit()
    return qutip.tensor([left] * n_sites)


def _on(operators: dict[int, qutip.Qobj], n_sites: int) -> qutip.Qobj:
    return qutip.tensor([operators.get(i, qutip.qeye(2)) for i in range(n_sites)])


def _chain(
    n_sites: int, coupling_x: float, coupling_y: float, coupling_z: float, field: float
) -> qutip.Qobj:
    """Returns sum_<ij> (Jx XX + Jy YY + Jz ZZ) + B sum Z of a periodic chain."""
    couplings = ((coupling_x, qutip.sigmax()), (coupling_y, qutip.sigmay()))
    couplings += ((coupling_z, qutip.sigmaz()),)
    pairs = [
        coupling * _on({i: pauli, (i + 1) % n_sites: pauli}, n_sites)
        for coupling, pauli in couplings
        for i in range(n_sites)
        if coupling
    ]
    return sum(pairs) + field * n_sites * _means(n_sites)[2]


def _means(n_sites: int) -> list[qutip.Qobj]:
    """Returns X, Y and Z averaged over the sites."""
    paulis = (qutip.sigmax(), qutip.sigmay(), qutip.sigmaz())
    return [sum(_on({i: pauli}, n_sites) for i in range(n_sites)) / n_sites for pauli in paulis]


def _jumps(n_sites: int) -> list[qutip.Qobj]:
    """Returns decay of every spin from |0>, up, to |1>, at rate 1."""
    down = qutip.basis(2, 1) * qutip.basis(2, 0).dag()
    return [_on({i: down}, n_sites) for i in range(n_sites)]


if __name__ == "__main__":
    main()
