"""What a minibatch of growing ground states costs, as the lattice grows.

Networks and samples are those of roth2020. Each of n sites takes one
evaluation of a cell for each connected configuration, of which there are about as many as bonds.
"""

from benchmarks.ground_states import training_step
from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import run_in_turns
from qtf.configuration import from_config
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings

ROOM = "growing ground states"
# Configuration -> what it grows, a small and a larger size of its own schedule.
CASES = {
    "grow_chain": ("chain", "GRU 128 wide", 80, 160),
    "grow_square": ("side", "five-layer LSTM", 6, 12),
}
MOST_OF_EXPECTED = 1.2


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, at most five runs each."""
    from trainers.ground_state.growth.stages import make_stages

    rows = []
    for name, (lattice, network, *sizes) in CASES.items():
        stages = [stage for stage in make_stages(_paper(name)) if stage.size in sizes]
        runs = {str(stage.size): training_step(stage.settings) for stage in stages}
        small, large = run_in_turns(runs, min(count, 5)).values()
        expected = _work(stages[1].settings) / _work(stages[0].settings)
        n_samples = stages[1].settings.sampling.n_samples
        rows.append(
            compare(
                ROOM,
                f"a minibatch of {n_samples}, {lattice} of {sizes[1]}, {network}",
                large,
                f"{expected:.3g} times {lattice} of {sizes[0]}: sites times configurations",
                small.scale(expected),
                BOUND,
                limit=MOST_OF_EXPECTED,
            )
        )
    return rows


def _paper(name: str) -> GroundStateSettings:
    import importlib

    module = importlib.import_module(f"configs.ground_state.{name}")
    return from_config(GroundStateSettings, module.get_config("paper"))


def _work(settings: RunSettings) -> int:
    """Returns sites times connected configurations, the one itself among them."""
    from qtf.ground_states.local_energy import LocalEnergy

    hamiltonian = settings.physics.hamiltonian.build()
    return hamiltonian.n_sites * (1 + LocalEnergy(hamiltonian).n_flips)
