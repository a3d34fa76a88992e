"""Lindblad equation and steady state by QuTiP; runs in the peers' environment."""

from typing import Any

import numpy as np
import qutip

from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock

AGREEMENT = 1e-6


def main() -> None:
    """Answers until standard input ends."""
    serve({"mesolve": _mesolve, "steadystate": _steadystate})


def _mesolve(n_sites: int, times: list[float], expected: list[list[float]], **model: float) -> Run:
    """Returns a run of `mesolve` with its default tolerances, <Z> kept.

    Before that, <X>, <Y>, <Z> are compared with `expected` at tolerances of 1e-10.
    """
    hamiltonian, jumps = _chain(n_sites, **model), _jumps(n_sites)
    left = (qutip.basis(2, 0) - 1j * qutip.basis(2, 1)).unit()
    psi0, means = qutip.tensor([left] * n_sites), _means(n_sites)

    def kept(e_ops: list[qutip.Qobj], **options: float) -> list[np.ndarray]:
        keywords = {"c_ops": jumps, "e_ops": e_ops, "options": options}
        return qutip.mesolve(hamiltonian, psi0, times, **keywords).expect

    _check(kept(means, rtol=1e-10, atol=1e-10, nsteps=100_000), expected)
    return clock(lambda: kept(means[2:]))


def _steadystate(n_sites: int, expected: list[float], **model: float) -> Run:
    """Returns a run of `steadystate` with its default solver, <Z> kept.

    Before that, <X>, <Y>, <Z> are compared with `expected`.
    """
    hamiltonian, jumps = _chain(n_sites, **model), _jumps(n_sites)
    means = _means(n_sites)

    def kept(e_ops: list[qutip.Qobj]) -> list[float]:
        rho = qutip.steadystate(hamiltonian, jumps)
        return [qutip.expect(mean, rho) for mean in e_ops]

    _check(kept(means), expected)
    return clock(lambda: kept(means[2:]))


def _check(values: list[Any], expected: list[Any]) -> None:
    for pauli, theirs, ours in zip("XYZ", values, expected, strict=True):
        error = float(np.abs(np.asarray(theirs) - np.asarray(ours)).max())
        if error > AGREEMENT:
            raise RuntimeError(f"QuTiP's <{pauli}> differs from ours by {error:.1e}.")


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
