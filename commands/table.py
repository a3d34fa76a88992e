"""The commands that `qtf` has, by the names of their modules, which are imported when they run."""

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A part of `qtf`.

    Attributes:
        module: Module whose function `main` runs it.
        summary: What it does, for the help.
        folder: Folder of its configurations, in `configs`; empty if it takes none.
    """

    module: str
    summary: str
    folder: str = ""


COMMANDS = {
    "generate": Command(
        "data_gen.generate", "Compute exact trajectories and write them as shards.", "data"
    ),
    "import": Command(
        "data_gen.import_arrays", "Turn arrays of any origin into a folder of trajectories."
    ),
    "verify": Command("data_gen.verify", "Verify a folder of trajectories, or files of shots."),
    "train": Command(
        "trainers.dynamics.__main__", "Train a model of the time evolution.", "dynamics"
    ),
    "ground-state": Command(
        "trainers.ground_state.__main__", "Find a ground state.", "ground_state"
    ),
    "open-system": Command(
        "trainers.open_system.__main__",
        "Follow an open system in time, or find its steady state.",
        "open_system",
    ),
    "trajectories": Command(
        "trainers.trajectories.__main__",
        "Compute references of an open system by quantum trajectories.",
        "open_system",
    ),
    "simulate-shots": Command(
        "data_gen.simulate_shots.__main__",
        "Simulate measurements: strings of bits after a preparation, a time and a basis.",
        "measurements",
    ),
    "learn-shots": Command(
        "trainers.learn_shots.__main__",
        "Learn couplings, rates and readout errors from measurements.",
    ),
    "plan-shots": Command(
        "trainers.plan_shots.__main__",
        "Tell which measurements to take, and how often, for a precision.",
    ),
    "predict-shots": Command(
        "trainers.predict_shots.__main__",
        "Predict chains of any length from what shots have told, with error bars.",
    ),
    "sweep": Command(
        "trainers.sweep.__main__", "Run a trainer over values of settings and seeds, on a cluster."
    ),
    "evaluate": Command(
        "trainers.evaluate.__main__", "Compare a model with exact evolution and baselines."
    ),
    "compare-samplers": Command(
        "trainers.compare_samplers.__main__", "Compare direct samples with Markov chains."
    ),
    "export": Command("trainers.export.__main__", "Write a run as a SavedModel."),
    "serve": Command("serving.server", "Serve SavedModels over gRPC and REST."),
    "predict": Command("serving.predict", "Ask a server for a time evolution."),
    "configs": Command("commands.configs", "List the configurations that come with qtf."),
    "completion": Command("commands.completion", "Print the completion of bash, zsh or fish."),
}


def nearest_command(name: str) -> str:
    """Returns the command whose name is nearest to another one, or nothing.

    Example:
        >>> nearest_command("groundstate")
        'ground-state'
    """
    return next(iter(difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)), "")
