"""Evolution of one state by QuTiP; runs in the peers' environment."""

import numpy as np
import qutip

from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock


def main() -> None:
    """Answers until standard input ends."""
    serve({"sesolve": _sesolve})


def _sesolve(n_sites: int, n_steps: int, dt: float) -> Run:
    """Returns a run of `sesolve` with its default tolerances, every state kept."""
    hamiltonian = _ising(n_sites)
    psi0 = qutip.tensor([qutip.rand_ket(2, seed=site) for site in range(n_sites)])
    times = dt * np.arange(n_steps + 1)
    return clock(lambda: qutip.sesolve(hamiltonian, psi0, times))


def _ising(n_sites: int) -> qutip.Qobj:
    """Returns -sum Z Z + 1.05 sum X - 0.5 sum Z, the paper's chain, open ends."""
    x, z = qutip.sigmax(), qutip.sigmaz()

    def on(operators: dict[int, qutip.Qobj]) -> qutip.Qobj:
        return qutip.tensor([operators.get(i, qutip.qeye(2)) for i in range(n_sites)])

    bonds = [-on({i: z, i + 1: z}) for i in range(n_sites - 1)]
    fields = [1.05 * on({i: x}) - 0.5 * on({i: z}) for i in range(n_sites)]
    return sum(bonds + fields)


if __name__ == "__main__":
    main()
