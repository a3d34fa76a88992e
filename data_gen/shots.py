"""Simulates the shots of many settings by several processes."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from data_gen.shot_settings import ShotSettings
from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.simulation import simulate_shots

# Settings of one task; how they are cut changes nothing.
SETTINGS_AT_ONCE = 100
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def simulate(
    settings: ShotSettings, *, measured: Sequence[Setting] | None = None, workers: int = 1
) -> Experiments:
    """Returns the shots of all settings.

    They depend on the settings only, not on `workers`.

    Args:
        settings: What is measured, and of what.
        measured: The settings that are measured; None: those that `settings` draws.
        workers: Number of processes.

    Raises:
        ValueError: The settings have other numbers of sites.
    """
    if measured is None:
        measured = [settings.setting(number) for number in range(settings.size)]
    firsts = range(0, len(measured), SETTINGS_AT_ONCE)
    parts = [measured[first : first + SETTINGS_AT_ONCE] for first in firsts]
    if workers == 1 or len(firsts) == 1:
        return Experiments.join([*map(simulate_some, [settings] * len(parts), parts, firsts)])
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(firsts)), context, _ignore_interrupts) as pool:
        return Experiments.join(
            list(pool.map(simulate_some, [settings] * len(parts), parts, firsts))
        )


def simulate_some(settings: ShotSettings, measured: Sequence[Setting], first: int) -> Experiments:
    """Returns the shots of some settings.

    Args:
        settings: What is measured.
        measured: The settings.
        first: Number of the first of them among all.
    """
    return simulate_shots(
        settings.model, settings.parameters, measured, seed=settings.seed, first=first
    )


def _ignore_interrupts() -> None:
    # Ctrl-C reaches the whole group of processes; the parent decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
