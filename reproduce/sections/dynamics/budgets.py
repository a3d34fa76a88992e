"""How long each stage may take: arguments and expected minutes for each budget."""

from dataclasses import dataclass, field

from reproduce.sections.dynamics.runs import TRANSFER_RUNS

# The first one is what runs by default.
BUDGETS = ("short", "full", "tiny")

# Steps of 16 trajectories of which 10,000 for each n = 2..7 make one epoch of the paper.
_PAPER_EPOCH = 3750
_SHORT_EPOCH = 125


@dataclass(frozen=True)
class Budget:
    """What one budget changes.

    Attributes:
        minutes: Stage -> expected minutes on two cores without a GPU.
        arguments: Stage -> arguments added to its command.
        base: Numbers of spins of the base runs.
        transfer: Number of spins of the transfer.
        long: Numbers of spins that only the local generator predicts.
        n_samples: Unseen states of an evaluation for each n.
        n_long_samples: The same on the long chains.
    """

    minutes: dict[str, float]
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    base: tuple[int, ...] = (2, 3, 4, 5, 6, 7)
    transfer: int = 8
    long: tuple[int, ...] = (12, 16)
    n_samples: int = 1000
    n_long_samples: int = 4


def budget(name: str) -> Budget:
    """Returns a budget by name.

    Args:
        name: `full`: the paper's 300 epochs; `short`: an hour for `increment`, a quarter for
            `paper`, a small shared budget for the transfer; `tiny`: everything within
            minutes with a network that learns next to nothing, to see that it works.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in BUDGETS:
        raise ValueError(f"Argument `budget` must be one of {BUDGETS}, but is {name!r}.")
    return {"full": _full, "short": _short, "tiny": _tiny}[name]()


_MINUTES = {
    "increment": 60,
    "paper": 14,
    "local_generator": 0.3,
    "local_generator_noisy": 0.3,
    **dict.fromkeys(TRANSFER_RUNS, 5),
    "evaluate_increment": 4,
    "evaluate_paper": 8,
    "evaluate_local_generator": 8,
    "evaluate_local_generator_long": 5,
    **{f"evaluate_{name}": 3 for name in TRANSFER_RUNS},
    "printed_states": 1,
    "times": 6,
    "report": 0.5,
}


def _full() -> Budget:
    transfer = ("--config.training.n_epochs=300", "--config.training.steps_per_epoch=625")
    hours = {"paper": 470, **dict.fromkeys(TRANSFER_RUNS, 6)}
    return Budget(
        minutes={**_MINUTES, **{name: 60 * value for name, value in hours.items()}},
        arguments=dict.fromkeys(TRANSFER_RUNS, transfer),
    )


def _short() -> Budget:
    # The same learning rate at every step as in the paper, but validated more often.
    decay = 0.95 ** (_SHORT_EPOCH / _PAPER_EPOCH)
    paper = (
        "--config.training.n_epochs=4",
        f"--config.training.steps_per_epoch={_SHORT_EPOCH}",
        f"--config.training.optimizer.decay={decay:.6f}",
        "--config.data.n_validation=64",
    )
    return Budget(minutes=_MINUTES, arguments={"paper": paper})


def _tiny() -> Budget:
    network = (
        "--config.model.units=32",
        "--config.model.n_layers=1",
        "--config.model.n_max=5",
        "--config.training.xla=False",
        "--config.data.window=20",
        "--config.data.n_validation=8",
        "--config.training.n_epochs=3",
        "--config.training.steps_per_epoch=40",
        "--config.training.log_every_steps=10",
        "--config.training.figures_every_epochs=0",
    )
    base = (*network, "--config.data.n_sites=2,3,4", "--config.data.weights=1.0,1.0,1.0")
    transfer = (*network, "--config.data.n_sites=5")
    return Budget(
        minutes=dict.fromkeys(_MINUTES, 0.2),
        arguments={
            "increment": base,
            "paper": base,
            **dict.fromkeys(TRANSFER_RUNS, transfer),
            "times": ("--batch_sizes=1,4",),
        },
        base=(2, 3, 4),
        transfer=5,
        long=(6,),
        n_samples=20,
    )
