"""Simulates the shots of many settings by several processes."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

from data_gen.shot_settings import ShotSettings
from qtf.measurements.experiments import Experiments
from qtf.measurements.simulation import simulate_shots

# Settings of one task; how they are cut changes nothing.
SETTINGS_AT_ONCE = 100
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def simulate(settings: ShotSettings, *, workers: int = 1) -> Experiments:
    """Returns the shots of all settings.

    They depend on the settings only, not on `workers`.

    Args:
        settings: What is measured.
        workers: Number of processes.
    """
    firsts = range(0, settings.size, SETTINGS_AT_ONCE)
    if workers == 1 or len(firsts) == 1:
        return _join([simulate_some(settings, first) for first in firsts])
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(firsts)), context, _ignore_interrupts) as pool:
        return _join(list(pool.map(simulate_some, [settings] * len(firsts), firsts)))


def simulate_some(settings: ShotSettings, first: int) -> Experiments:
    """Returns the shots of the settings from a number on, as many as are simulated at once.

    Args:
        settings: What is measured.
        first: Number of the first setting.
    """
    numbers = range(first, min(first + SETTINGS_AT_ONCE, settings.size))
    return simulate_shots(
        settings.model,
        settings.parameters,
        [settings.setting(number) for number in numbers],
        seed=settings.seed,
        first=first,
    )


def _join(parts: list[Experiments]) -> Experiments:
    return Experiments(
        [setting for part in parts for setting in part.settings],
        [counts for part in parts for counts in part.counts],
    )


def _ignore_interrupts() -> None:
    # Ctrl-C reaches the whole group of processes; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
