"""The configurations that take days on a desktop, and how many of their steps are waited for."""

from dataclasses import dataclass

GROUND, OPEN = "trainers.ground_state", "trainers.open_system"
GROUND_CONFIGS, OPEN_CONFIGS = "configs/ground_state", "configs/open_system"


@dataclass(frozen=True)
class Case:
    """One configuration.

    Attributes:
        name: Of its stage and run folder.
        words: In the table.
        module: The trainer.
        config: Configuration file and what follows its colon.
        trainer_flags: Further flags of the trainer.
        n_steps: Steps that are waited for, at each start.
        resumes: Whether it is started a second time.
        minutes: Expected duration on two cores.
    """

    name: str
    words: str
    module: str
    config: str
    trainer_flags: tuple[str, ...] = ()
    n_steps: int = 3
    resumes: bool = True
    minutes: float = 5.0


def _ground(name: str, words: str, config: str, *further: str, **options: float) -> Case:
    return Case(name, words, GROUND, f"{GROUND_CONFIGS}/{config}", further, **options)


def _open(name: str, words: str, config: str, *further: str, **options: float) -> Case:
    return Case(name, words, OPEN, f"{OPEN_CONFIGS}/{config}", further, **options)


CASES = (
    _ground("ising_12", "Ising 12 x 12, field 3", "ising_square.py:12,3.0", minutes=3),
    _ground("ising_21", "Ising 21 x 21, field 3", "ising_square.py:21,3.0", minutes=8),
    _ground(
        "heisenberg_10", "Heisenberg 10 x 10, sign rule", "heisenberg_square.py:10,sign", minutes=10
    ),
    _ground(
        "heisenberg_16",
        "Heisenberg 16 x 16, sign rule",
        "heisenberg_square.py:16,sign",
        n_steps=1,
        resumes=False,
        minutes=30,
    ),
    _ground("chain_80", "growing chain, from 80", "grow_chain.py:paper", minutes=2),
    _ground("square_6", "growing square, from 6 x 6", "grow_square.py:paper", minutes=4),
    _ground(
        "square_30",
        "growing square, a minibatch of 100 on 30 x 30",
        "grow_square.py:paper",
        "--config.growth.sizes=(30,)",
        "--config.growth.n_steps=(100,)",
        "--config.growth.learning_rates=(1e-5,)",
        n_steps=1,
        resumes=False,
        minutes=30,
    ),
    _open("ising_16", "dissipative Ising chain of 16", "ising_chain.py:16,2.0", minutes=8),
    _open(
        "heisenberg_40",
        "dissipative Heisenberg chain of 40, 600 samples",
        "heisenberg_chain.py:40",
        "--config.sampling.n_samples=600",
        "--config.sampling.n_validation=600",
        minutes=10,
    ),
    _open(
        "heisenberg_40_all",
        "dissipative Heisenberg chain of 40, 12,000 samples",
        "heisenberg_chain.py:40",
        n_steps=1,
        resumes=False,
        minutes=30,
    ),
)
