"""Experiments that are drawn again and again, and how well they have to be learned."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from qtf.measurements.experiments import DIRECTIONS, Setting
from qtf.measurements.model import ShotModel
from qtf.measurements.words import JUMPS, local_words
from qtf.physics import SampledFunction


class Problem(NamedTuple):
    """What is learned in one draw: a model, its true parameters, and the settings."""

    model: ShotModel
    parameters: np.ndarray
    settings: list[Setting]


@dataclass(frozen=True)
class DrawnCase:
    """A kind of experiment.

    Attributes:
        name: Name of its stage.
        words: Its name in tables.
        n_draws: Number of draws.
        minutes: Expected duration on two cores.
        make: Returns the problem of a random generator.
        left_out: Parameters each of which is left out of the model in a further fit.
        most_over_bound: Largest root mean square error in units of the bound.
        most_per_shot: Largest root mean square error times the root of the shots, or None.
        most_seconds: Longest time of one core that a fit may take, or None.
        covers: Smallest and largest share of 95 % intervals that may hold the truth, or None.
    """

    name: str
    words: str
    n_draws: int
    minutes: float
    make: Callable[[np.random.Generator], Problem]
    left_out: tuple[str, ...] = ()
    most_over_bound: float = 1.1
    most_per_shot: float | None = None
    most_seconds: float | None = None
    covers: tuple[float, float] | None = None


def open_chain(random: np.random.Generator) -> Problem:
    """Returns the demonstration of wilde2022: 10 sites, all up, 50,000 shots."""
    model = ShotModel.of_words(10, terms=["XX", "YY", "ZZ", "X@each"])
    settings = [
        Setting("+z", 0.2 * (1 + k // 100), _basis(random, 10), shots=100) for k in range(500)
    ]
    return Problem(model, random.uniform(-1.0, 1.0, model.size), settings)


def local_coefficients(random: np.random.Generator, *, shots: int) -> Problem:
    """Returns all local coefficients of 4 sites, ends of their own included, at time 1."""
    ends = [f"{letter}@{site}" for site in (1, 4) for letter in "XYZ"]
    model = ShotModel.of_words(4, terms=[*local_words(1), *ends])
    parameters = random.uniform(-0.5, 0.5, model.size)
    settings = [
        Setting(_product(random, 4), 1.0, _basis(random, 4), shots=shots // 500) for _ in range(500)
    ]
    return Problem(model, parameters, settings)


def noisy_chain(random: np.random.Generator) -> Problem:
    """Returns couplings, three rates and two readout errors of 4 sites, a million shots."""
    terms = ["X", "Z", "XX", "YY", "ZZ"]
    model = ShotModel.of_words(4, terms=terms, jumps=JUMPS, readout=["e01", "e10"])
    laws = ((-1.0, 1.0, len(terms)), (0.05, 0.2, len(JUMPS)), (0.01, 0.05, 2))
    parameters = np.concatenate([random.uniform(*law) for law in laws])
    return Problem(model, parameters, _along_axes(random, 4, 500, shots=2000))


def depolarised_chain(random: np.random.Generator) -> Problem:
    """Returns couplings, a share of lost preparations and two readout errors of 3 sites."""
    terms = ["X", "Z", "XX", "ZZ"]
    model = ShotModel.of_words(
        3, terms=terms, preparation_errors=["depolarised"], readout=["e01", "e10"]
    )
    laws = ((-1.0, 1.0, len(terms)), (0.05, 0.2, 1), (0.01, 0.05, 2))
    parameters = np.concatenate([random.uniform(*law) for law in laws])
    return Problem(model, parameters, _along_axes(random, 3, 200, shots=1000))


def driven_chain(random: np.random.Generator) -> Problem:
    """Returns couplings of 4 sites, three of them driven by two shapes."""
    times, values = np.array([0.0, 0.5, 1.0, 2.0]), np.array([0.0, 1.0, 0.5, 1.0])
    pulse = SampledFunction(times, values, "linear")
    model = ShotModel.of_words(
        4,
        terms=["X", "Z", "XX", "ZZ", "pulse*X", "pulse*ZZ", "wave*Y"],
        shapes={"pulse": pulse, "wave": _wave},
    )
    parameters = random.uniform(-1.0, 1.0, model.size)
    return Problem(model, parameters, _along_axes(random, 4, 200, shots=500))


def _wave(time: float) -> float:
    return float(np.cos(3.0 * time))


def _along_axes(
    random: np.random.Generator, n_sites: int, n_settings: int, *, shots: int
) -> list[Setting]:
    """Returns settings at t = 0.25 .. 2 that begin along axes in one of twelve ways."""
    starts = [" ".join(random.choice([*DIRECTIONS], n_sites)) for _ in range(12)]
    return [
        Setting(starts[k % 12], 0.25 * (1 + k % 8), _basis(random, n_sites), shots=shots)
        for k in range(n_settings)
    ]


def _basis(random: np.random.Generator, n_sites: int) -> str:
    return "".join(random.choice(list("XYZ"), n_sites))


def _product(random: np.random.Generator, n_sites: int) -> list[list[float]]:
    """Returns Bloch angles, uniform on the spheres of all sites."""
    theta = np.arccos(random.uniform(-1.0, 1.0, n_sites))
    return np.stack([theta, random.uniform(0.0, 2 * np.pi, n_sites)], -1).tolist()


_LOCAL = [
    DrawnCase(
        f"local_{shots}",
        f"4 sites, 18 local coefficients, {shots:,} shots at t = 1",
        n_draws=20,
        minutes=1.0,
        make=partial(local_coefficients, shots=shots),
        most_per_shot=1.1,
    )
    for shots in (10_000, 100_000, 1_000_000)
]
CASES = {
    case.name: case
    for case in (
        DrawnCase(
            "wilde",
            "10 sites, 13 parameters, 50,000 shots",
            n_draws=60,
            minutes=12.0,
            make=open_chain,
            most_seconds=30.0,
            covers=(0.92, 0.98),
        ),
        *_LOCAL,
        DrawnCase(
            "noise",
            "4 sites, couplings, three rates, two readout errors, 1,000,000 shots",
            n_draws=5,
            minutes=3.0,
            make=noisy_chain,
            left_out=(*JUMPS, "e01", "e10"),
        ),
        DrawnCase(
            "depolarised",
            "3 sites, couplings, depolarised preparation, two readout errors, 200,000 shots",
            n_draws=30,
            minutes=1.0,
            make=depolarised_chain,
            covers=(0.92, 0.98),
        ),
        DrawnCase(
            "driven",
            "4 sites, 7 couplings, three of them driven, 100,000 shots",
            n_draws=30,
            minutes=3.0,
            make=driven_chain,
            covers=(0.92, 0.98),
        ),
    )
}
