"""A step of variational Monte Carlo by NetKet; runs in the peers' environment."""

import jax
import netket as nk
import optax

from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock


def main() -> None:
    """Answers until standard input ends."""
    serve({"pixelcnn": _pixelcnn})


def _pixelcnn(side: int, width: int, depth: int, n_samples: int, field: float) -> Run:
    """Returns a run of sampling, local energies, gradient and update."""
    graph = nk.graph.Grid([side, side], pbc=False)
    space = nk.hilbert.Spin(0.5, graph.n_nodes)
    hamiltonian = nk.operator.IsingJax(space, graph, h=field, J=-1.0)
    # Caches its convolutions while it samples.
    model = nk.models.FastARNNConv2D(
        hilbert=space, layers=depth, features=width, kernel_size=(3, 3), param_dtype="float32"
    )
    sampler = nk.sampler.ARDirectSampler(space)
    state = nk.vqs.MCState(sampler, model, n_samples=n_samples, seed=0)
    driver = nk.driver.VMC(hamiltonian, optax.adam(1e-3), variational_state=state)

    def work() -> None:
        driver.run(1, out=None, show_progress=False)
        jax.block_until_ready(state.parameters)

    return clock(work)


if __name__ == "__main__":
    main()
