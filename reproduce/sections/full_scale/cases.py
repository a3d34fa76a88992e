"""The configurations that take days on a desktop, and how many of their steps are waited for."""

from dataclasses import dataclass
from pathlib import Path

from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout


@dataclass(frozen=True)
class Start:
    """How a training is tried.

    Attributes:
        case: The training.
        n_steps: Steps that are waited for, at each start.
        resumes: Whether it is started a second time.
    """

    case: Case
    n_steps: int = 3
    resumes: bool = True


def _ground(name: str, words: str, config: str, minutes: float, *flags: str) -> Case:
    config = f"configs/ground_state/{config}"
    return Case(name, words, "trainers.ground_state", config, flags, minutes)


def _open(name: str, words: str, config: str, minutes: float, *flags: str) -> Case:
    config = f"configs/open_system/{config}"
    return Case(name, words, "trainers.open_system", config, flags, minutes)


def _once(case: Case) -> Start:
    """Returns the try of a case whose step is too long to wait for another one."""
    return Start(case, n_steps=1, resumes=False)


STARTS = (
    Start(_ground("ising_12", "Ising 12 x 12, field 3", "ising_square.py:12,3.0", 3)),
    Start(_ground("ising_21", "Ising 21 x 21, field 3", "ising_square.py:21,3.0", 8)),
    Start(
        _ground(
            "heisenberg_10", "Heisenberg 10 x 10, sign rule", "heisenberg_square.py:10,sign", 10
        )
    ),
    _once(
        _ground(
            "heisenberg_16", "Heisenberg 16 x 16, sign rule", "heisenberg_square.py:16,sign", 30
        )
    ),
    Start(_ground("chain_80", "growing chain, from 80", "grow_chain.py:paper", 2)),
    Start(_ground("square_6", "growing square, from 6 x 6", "grow_square.py:paper", 4)),
    _once(
        _ground(
            "square_30",
            "growing square, a minibatch of 100 on 30 x 30",
            "grow_square.py:paper",
            30,
            "--config.growth.sizes=(30,)",
            "--config.growth.n_steps=(100,)",
            "--config.growth.learning_rates=(1e-5,)",
        )
    ),
    Start(_open("ising_16", "dissipative Ising chain of 16", "ising_chain.py:16,2.0", 8)),
    Start(
        _open(
            "heisenberg_40",
            "dissipative Heisenberg chain of 40, 600 samples",
            "heisenberg_chain.py:40",
            10,
            "--config.sampling.n_samples=600",
            "--config.sampling.n_validation=600",
        )
    ),
    _once(
        _open(
            "heisenberg_40_all",
            "dissipative Heisenberg chain of 40, 12,000 samples",
            "heisenberg_chain.py:40",
            30,
        )
    ),
)
CASES = tuple(start.case for start in STARTS)


def measurement(layout: Layout, case: Case) -> Path:
    """Returns the file of what was seen of a start."""
    return layout.root / "measurements" / f"{case.name}.json"
