"""Runs of lower states: what is needed of them, and gaps above them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf.autoregressive.estimates import Estimate
from qtf.files import read_object
from qtf.ground_states.last_part import last_part
from qtf.ground_states.runs.settings import RunSettings
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.states_below import StatesBelow
from qtf.physics import HamiltonianSettings, PauliSum
from qtf.run_kinds import GROUND_STATES, HELD
from qtf.training.run_folder import RunFolder
from qtf.training.weight_files import digest_of

RESULT = "result.json"
SUMMED = "energy_from_all_configurations"
# A spin that is turned costs twice the terms on it, and one of three ways is orthogonal enough.
TIMES_TERMS_OF_A_SITE = 3.0


@dataclass(frozen=True)
class Gap:
    """Distance of an energy from that of a lower state.

    Attributes:
        sampled: From independent samples of both states.
        run: Folder of the run of the lower state.
        summed: From sums over all configurations; None: there are too many.
    """

    sampled: Estimate
    run: str
    summed: float | None = None

    def to_mapping(self) -> dict[str, float | str]:
        """Returns what `result.json` holds."""
        summed = {} if self.summed is None else {"gap_from_all_configurations": self.summed}
        return {
            "gap": self.sampled.mean,
            "gap_error": self.sampled.error,
            "gap_above": self.run,
            **summed,
        }

    def lines(self) -> list[str]:
        """Returns what a user reads."""
        sampled = f"{self.sampled.mean:.6g} +- {self.sampled.error:.1g}"
        lines = [f"Gap: {sampled} above {self.run}"]
        if self.summed is not None:
            lines.append(f"Gap from all configurations: {self.summed:.9g}")
        return lines


def find_gap(
    metrics: Mapping[str, float], summed: float | None, config: Mapping[str, Any]
) -> Gap | None:
    """Returns the gap between a run and the lowest of the runs below it that has a result.

    Without such a run it is None.

    Args:
        metrics: Energy of the run and its error.
        summed: Energy from sums over all configurations, if it is known.
        config: Recorded configuration of the run.

    Raises:
        ValueError: A result is damaged; the message names the file.
    """
    above = config.get("gap_above")
    runs = [above] if above else list(config.get("orthogonal_to", ()))
    results = {run: _read_result(run) for run in runs if (Path(run) / RESULT).exists()}
    if not results:
        return None
    run = min(results, key=lambda name: results[name]["energy"])
    lower = results[run]
    error = math.hypot(metrics["energy_error"], lower["energy_error"])
    both_summed = summed is not None and SUMMED in lower
    return Gap(
        Estimate(metrics["energy"] - lower["energy"], error),
        run,
        summed - lower[SUMMED] if summed is not None and both_summed else None,
    )


def load_states_below(settings: RunSettings) -> StatesBelow | None:
    """Returns the states of `orthogonal_to` with their penalty; None: there are none.

    Raises:
        FileNotFoundError: A run has no weights yet, or `gap_above` no result.
        ValueError: A run is of something else than a state of this Hamiltonian.
    """
    if settings.gap_above:
        _check_run("gap_above", settings.gap_above, settings)
        _read_result(settings.gap_above)
    if not settings.orthogonal_to:
        return None
    states = [_load_state(run, settings) for run in settings.orthogonal_to]
    strength = settings.penalties.overlap
    if strength is None:
        strength = usual_strength(settings.physics.hamiltonian.build())
    return StatesBelow(states, strength)


def digests_of_states_below(settings: RunSettings) -> list[str]:
    """Returns digests of the weights of `orthogonal_to`, which must not change under a run."""
    folders = (RunFolder(last_part(run)) for run in settings.orthogonal_to)
    return [digest_of(folder.trained_weights()) for folder in folders]


def usual_strength(hamiltonian: PauliSum) -> float:
    """Returns an energy above the lowest gap of a Hamiltonian.

    Of the three states X_i |0>, Y_i |0>, Z_i |0> one has at most a third of |0> in it. Its energy
    is above E_0 by at most twice the sum of |coefficients| on site i, and what is left of it
    without |0> by at most 3 / 2 of that.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> usual_strength(ising(Chain(4), transverse_field=0.5, longitudinal_field=0.0))
        7.5
    """
    sums = [
        sum(abs(term.coefficient) for term in hamiltonian.terms if site in term.sites)
        for site in range(hamiltonian.n_sites)
    ]
    return TIMES_TERMS_OF_A_SITE * max(sums)


def _load_state(run: str, settings: RunSettings) -> SampledWaveFunction:
    _check_run("orthogonal_to", run, settings)
    state = RunFolder(last_part(run)).load_model()
    if not isinstance(state, SampledWaveFunction):
        raise ValueError(f"Setting `orthogonal_to` must name wave functions, but {run} has none.")
    return state


def _check_run(key: str, run: str, settings: RunSettings) -> None:
    folder = RunFolder(run)
    if folder.kind != GROUND_STATES:
        raise ValueError(
            f"Setting `{key}` must name runs of {HELD[GROUND_STATES]}, but {run} holds"
            f" {HELD[folder.kind]}."
        )
    recorded = RunFolder(last_part(run)).load_config()["physics"]["hamiltonian"]
    wanted, other = settings.physics.hamiltonian, HamiltonianSettings.from_mapping(recorded)
    n_sites = other.lattice.n_sites
    if n_sites != wanted.lattice.n_sites:
        raise ValueError(
            f"Setting `{key}` must name runs of {wanted.lattice.n_sites} sites, but {run} has"
            f" {n_sites}."
        )
    if other != wanted:
        raise ValueError(
            f"Setting `{key}` must name runs of the same Hamiltonian, but {run} has"
            f" {other.as_mapping()}."
        )


def _read_result(run: str) -> dict[str, Any]:
    path = Path(run) / RESULT
    if not path.exists():
        raise FileNotFoundError(f"Run {run} has no {RESULT} yet; let it come to its end first.")
    return read_object(path, keys=("energy", "energy_error"))
