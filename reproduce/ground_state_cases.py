"""The ground states that are searched, and how close to them a run has to come."""

from dataclasses import dataclass

SYMMETRIC = "energy_averaged_over_symmetries"
PLAIN = "energy_from_all_configurations"


@dataclass(frozen=True)
class Case:
    """One run of `trainers.ground_state`.

    Attributes:
        name: Of its stage and run folder.
        words: In tables and figures.
        config: Configuration file and what follows its colon.
        limit: Largest relative error of the energy.
        energy: Key of the energy in `result.json` that counts.
        minutes: Expected duration on two cores.
    """

    name: str
    words: str
    config: str
    limit: float
    energy: str = SYMMETRIC
    minutes: float = 3.0


FOLDER = "configs/ground_state"
# Where the plain energy counts on a square, the wave function has its symmetries built in.
CASES = (
    Case("ising_2", "Ising 4 x 4, field 2", f"{FOLDER}/ising_square.py:4,2.0", 5e-5),
    Case("ising_3", "Ising 4 x 4, field 3", f"{FOLDER}/ising_square.py:4,3.0", 5e-5),
    Case("ising_4", "Ising 4 x 4, field 4", f"{FOLDER}/ising_square.py:4,4.0", 5e-5),
    Case(
        "heisenberg_sign",
        "Heisenberg 4 x 4, sign rule",
        f"{FOLDER}/heisenberg_square.py:4,sign",
        5e-5,
        minutes=10,
    ),
    Case(
        "heisenberg",
        "Heisenberg 4 x 4, sign learned",
        f"{FOLDER}/heisenberg_square.py:4",
        2e-4,
        PLAIN,
        15,
    ),
    Case("j1j2", "J1-J2 4 x 4, J2 = 0.5", f"{FOLDER}/j1j2_square.py:4,0.5", 1e-3, PLAIN, 10),
    Case("chain_20", "Heisenberg chain of 20", f"{FOLDER}/heisenberg_chain.py:20", 1e-4, PLAIN),
)
