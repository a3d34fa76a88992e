"""The ground states that are searched, and how close to them a run has to come."""

from reproduce.engine.cases import Case

AVERAGED = "energy_averaged_over_symmetries"
PLAIN = "energy_from_all_configurations"


def _case(
    name: str, words: str, config: str, limit: float, *, measure: str = AVERAGED, minutes: float = 3
) -> Case:
    """Returns a case whose measure is the energy that counts, and whose limit a relative error."""
    config = f"configs/ground_state/{config}"
    return Case(
        name, words, "trainers.ground_state", config, minutes=minutes, measure=measure, limit=limit
    )


# Where the plain energy counts on a square, the wave function has its symmetries built in.
CASES = (
    _case("ising_2", "Ising 4 x 4, field 2", "ising_square.py:4,2.0", 5e-5),
    _case("ising_3", "Ising 4 x 4, field 3", "ising_square.py:4,3.0", 5e-5),
    _case("ising_4", "Ising 4 x 4, field 4", "ising_square.py:4,4.0", 5e-5),
    _case(
        "heisenberg_sign",
        "Heisenberg 4 x 4, sign rule",
        "heisenberg_square.py:4,sign",
        5e-5,
        minutes=10,
    ),
    _case(
        "heisenberg",
        "Heisenberg 4 x 4, sign learned",
        "heisenberg_square.py:4",
        2e-4,
        measure=PLAIN,
        minutes=15,
    ),
    _case("j1j2", "J1-J2 4 x 4, J2 = 0.5", "j1j2_square.py:4,0.5", 1e-3, measure=PLAIN, minutes=10),
    _case("chain_20", "Heisenberg chain of 20", "heisenberg_chain.py:20", 1e-4, measure=PLAIN),
)
