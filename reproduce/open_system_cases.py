"""The open systems that are followed in time or brought to rest, and how exact they must be."""

from dataclasses import dataclass

FOLDER = "configs/open_system"
ALWAYS, AT_THE_END, ONLY_Z = "largest_distance", "distance", "distance_of_z"
FIELDS = {field: f"ising_chain_6_{field}" for field in (1, 2, 3)}
# Runs of one system that differ by their seed, the first of them that of the configuration.
SEEDS = {0: FIELDS[2], **{seed: f"{FIELDS[2]}_seed_{seed}" for seed in (1, 2, 3)}}
STRINGS = {n_strings: f"heisenberg_square_{n_strings}" for n_strings in (1, 2, 4, 8)}


@dataclass(frozen=True)
class Case:
    """One run of `trainers.open_system`.

    Attributes:
        name: Of its stage and run folder.
        words: In tables.
        config: Configuration file and what follows its colon.
        measure: The largest distance of an averaged Pauli matrix from its exact value, at any
            time or at the end, or only that of <Z> at the end.
        limit: Largest value of it, or None where nothing is asked.
        minutes: Expected duration on two cores.
        trainer_flags: Further flags of the trainer.
    """

    name: str
    words: str
    config: str
    measure: str = AT_THE_END
    limit: float | None = None
    minutes: float = 3.0
    trainer_flags: tuple[str, ...] = ()


CASES = (
    Case(
        "heisenberg_chain_4",
        "Heisenberg chain of 4 to t = 2",
        f"{FOLDER}/heisenberg_chain.py:4",
        ALWAYS,
        0.02,
        10.0,
    ),
    *(
        Case(
            name,
            f"Ising chain of 6, g = {field}, steady",
            f"{FOLDER}/ising_chain.py:6,{field}.0",
            limit=0.02,
        )
        for field, name in FIELDS.items()
    ),
    *(
        Case(
            name,
            f"Heisenberg 3 x 3, Jy = 1.8, steady, strings: {n_strings}",
            f"{FOLDER}/heisenberg_square.py:1.8,{n_strings}",
            ONLY_Z,
            0.02 if n_strings == 8 else None,
            8.0,
        )
        for n_strings, name in STRINGS.items()
    ),
    Case(
        "stiff_chain_4",
        "stiff Heisenberg chain of 4 to t = 0.2",
        f"{FOLDER}/stiff_chain.py:4,0.0005",
        ALWAYS,
        minutes=10.0,
    ),
    Case(
        "stiff_chain_4_long",
        "stiff Heisenberg chain of 4 to t = 5",
        f"{FOLDER}/stiff_chain.py:4,0.0075",
        ALWAYS,
        minutes=20.0,
    ),
    Case(
        "heisenberg_square_dynamics",
        "Heisenberg 3 x 3, Jy = 1.8, to t = 2",
        f"{FOLDER}/heisenberg_square.py:1.8,1,dynamics",
        ALWAYS,
        minutes=60.0,
    ),
    *(
        Case(
            name,
            f"Ising chain of 6, g = 2, steady, seed {seed}",
            f"{FOLDER}/ising_chain.py:6,2.0",
            trainer_flags=(f"--config.training.seed={seed}",),
        )
        for seed, name in SEEDS.items()
        if seed
    ),
)
