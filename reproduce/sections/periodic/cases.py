"""The periodic squares, and how close to the exact energies they have to come."""

from reproduce.engine.cases import Case
from reproduce.searches.growths import GrowthCase
from reproduce.searches.limits import SYMMETRIC, Limit

CLOSED = (
    "--config.physics.hamiltonian.periodic=True",
    "--config.network.context=True",
    "--config.growth.sizes=4,6",
)
# There are 576 images of each configuration of 6 x 6.
FEW_AVERAGES = "--config.growth.n_averages=500"
# Smaller ones have bonds of a site with itself or two of the same.
TINY = ("--config.growth.sizes=3,4",)
# Signs alternate on even squares alone.
TINY_EVEN = ("--config.growth.sizes=4,6", "--config.growth.n_averages=0")


def _case(name: str, words: str, config: str, minutes: float, *flags: str) -> Case:
    config = f"configs/ground_state/{config}"
    flags = (*CLOSED, FEW_AVERAGES, *flags)
    return Case(name, words, "trainers.ground_state", config, flags, minutes)


GROWTHS = (
    GrowthCase(
        _case(
            "heisenberg",
            "Periodic Heisenberg square",
            "grow_square.py",
            60,
            "--config.network.units=64",
            "--config.growth.n_steps=(500,)",
        ),
        (Limit("error averaged", SYMMETRIC, 3e-4, 6),),
        TINY_EVEN,
    ),
    GrowthCase(
        _case("ising", "Periodic Ising square, field 3", "grow_ising.py:3.0", 30),
        (Limit("error averaged", SYMMETRIC, 1e-5, 6),),
        TINY,
    ),
    GrowthCase(
        _case(
            "j1j2",
            "Periodic J1-J2 square, J2 = 0.5",
            "grow_square.py",
            120,
            "--config.physics.hamiltonian.name=j1j2",
            "--config.physics.hamiltonian.next_nearest_coupling=0.5",
            "--config.wave_function.positive=False",
            "--config.network.units=64",
            "--config.growth.n_steps=(500,)",
        ),
        (Limit("error averaged", SYMMETRIC, 1e-4, 4),),
        TINY_EVEN,
    ),
)
