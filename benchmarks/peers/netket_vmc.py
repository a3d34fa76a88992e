"""Steps of variational Monte Carlo by NetKet; runs in the peers' environment."""

from typing import Any

import jax
import netket as nk
import optax

from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock


def main() -> None:
    """Answers until standard input ends."""
    serve({"pixelcnn": _pixelcnn, "lstm": _lstm})


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
    return _step(nk.driver.VMC(hamiltonian, optax.adam(1e-3), variational_state=state))


def _lstm(side: int, width: int, n_samples: int, diag_shift: float, momentum: float) -> Run:
    """Returns a run of a step of stochastic reconfiguration in the space of the samples.

    The recurrent network reads the states of two neighbours, along a zigzag path. All
    magnetisations are sampled: the exact sampler takes no space with a constraint.
    """
    graph = nk.graph.Grid([side, side], pbc=False)
    space = nk.hilbert.Spin(0.5, graph.n_nodes)
    heisenberg = nk.operator.Heisenberg(space, graph, sign_rule=True).to_jax_operator()
    # Caches its states while it samples. The second layer gives the outputs.
    model = nk.experimental.models.FastLSTMNet(
        hilbert=space, layers=2, features=width, graph=graph, param_dtype="float32"
    )
    state = nk.vqs.MCState(nk.sampler.ARDirectSampler(space), model, n_samples=n_samples, seed=0)
    return _step(
        nk.driver.VMC_SR(
            heisenberg,
            optax.sgd(1e-3),
            diag_shift=diag_shift,
            momentum=momentum,
            variational_state=state,
            use_ntk=True,
            on_the_fly=False,
        )
    )


def _step(driver: Any) -> Run:
    """Returns a run of one step of a driver."""

    def work() -> None:
        driver.run(1, out=None, show_progress=False)
        jax.block_until_ready(driver.state.parameters)

    return clock(work)


if __name__ == "__main__":
    main()
