"""Exports of the runs of every trainer."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from qtf.data.laws import RecordedLaw
from qtf.dynamics.local_generator import LocalGenerator
from qtf.export.saved_model import (
    MAX_SAMPLES,
    MAX_STEPS,
    export_dynamics,
    export_outcomes,
    export_wave_function,
)
from qtf.export.settings import ExportSettings
from qtf.export.validation import validation_record
from qtf.files import writable_folder
from qtf.ground_states.last_part import last_part
from qtf.ground_states.settings import SymmetrySettings
from qtf.ground_states.symmetries import averaged
from qtf.open_systems.runs.distributions import mean_of_runs
from qtf.physics import HamiltonianSettings, PauliSum
from qtf.run_kinds import DYNAMICS, GROUND_STATES, OPEN_SYSTEMS
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder

# Tables of longer chains would make the file large; ask for them by name.
MAX_DEFAULT_SITES = 12
DEFAULTS = ExportSettings()


def run(workdir: Path | str, model_dir: Path | str, settings: ExportSettings = DEFAULTS) -> Path:
    """Writes the next version of the model in `workdir` and returns its folder.

    Args:
        workdir: The run folder, of dynamics, a ground state or an open system; of a growth,
            whose largest size is taken, or of one of its sizes.
        model_dir: Folder of all versions, created if missing.
        settings: Settings that differ from the defaults.

    Raises:
        FileNotFoundError: A run has no weights.
        ValueError: The model does not know such chains, the runs do not describe the same, or a
            setting is for another kind of run.
    """
    folder = RunFolder(last_part(workdir))
    settings.check_kind(folder.kind, workdir)
    exporters: dict[str, Callable[[RunFolder, Path | str, ExportSettings], Path]] = {
        DYNAMICS: _export_dynamics,
        GROUND_STATES: _export_wave_function,
        OPEN_SYSTEMS: _export_open_system,
    }
    return exporters[folder.kind](folder, model_dir, settings)


def served_n_sites(
    model: keras.Model, trained: Sequence[int], asked: Sequence[int]
) -> tuple[int, ...]:
    """Returns the chain lengths to export.

    Args:
        model: The model.
        trained: Chain lengths that it was trained for.
        asked: Chain lengths that the user wants, or none.

    Raises:
        ValueError: The model does not know such a chain.
    """
    allowed = tuple(trained)
    if isinstance(model, LocalGenerator) and model.terms.n_sites is None:
        allowed = tuple(range(1, model.n_max + 1))
    for n in asked:
        if n not in allowed:
            raise ValueError(f"Flag --n_sites must hold n in {allowed}, but holds {n}.")
    return tuple(asked) or tuple(n for n in allowed if n in trained or 2 <= n <= MAX_DEFAULT_SITES)


def _export_dynamics(folder: RunFolder, model_dir: Path | str, settings: ExportSettings) -> Path:
    config = folder.load_config()
    rows = read_metrics(folder.metrics, "validation") if folder.metrics.exists() else []
    validation = validation_record(rows, config, folder.kept_step())
    return write_dynamics(folder.load_model(), config, model_dir, settings, validation=validation)


def write_dynamics(
    model: keras.Model,
    config: Mapping[str, Any],
    model_dir: Path | str,
    settings: ExportSettings = DEFAULTS,
    *,
    validation: Mapping[str, Any] | None = None,
) -> Path:
    """Writes the next version of a model of dynamics and returns its folder.

    Args:
        model: The model.
        config: Configuration of its run, with what its trajectories obey.
        model_dir: Folder of all versions, created if missing.
        settings: Settings that differ from the defaults.
        validation: Its error, see `validation_record`; None: not known.

    Raises:
        ValueError: The model does not know such chains.
    """
    law = RecordedLaw.from_record(config["physics"])
    n_sites = served_n_sites(model, config["data"]["n_sites"], settings.n_sites)
    return export_dynamics(
        model,
        writable_folder(model_dir),
        {n: _find_conserved(law, n) for n in n_sites},
        config,
        validation=validation,
        max_steps=settings.max_steps or MAX_STEPS,
        xla_signature=settings.xla_signature,
    )


def _find_conserved(law: RecordedLaw, n_sites: int) -> PauliSum | None:
    hamiltonian = law.operator(n_sites)
    return hamiltonian if isinstance(hamiltonian, PauliSum) else None


def _export_wave_function(
    folder: RunFolder, model_dir: Path | str, settings: ExportSettings
) -> Path:
    psi, config = folder.load_model(), folder.load_config()
    physics = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    if settings.symmetrized:
        symmetry = SymmetrySettings.from_mapping(config["symmetry"])
        psi = averaged(psi, symmetry, physics.lattice)
    max_samples = settings.max_samples or MAX_SAMPLES
    hamiltonian = physics.build()
    return export_wave_function(
        psi, writable_folder(model_dir), hamiltonian, config, max_samples=max_samples
    )


def _export_open_system(folder: RunFolder, model_dir: Path | str, settings: ExportSettings) -> Path:
    distribution, time = mean_of_runs([folder, *map(RunFolder, settings.average_with)])
    max_samples = settings.max_samples or MAX_SAMPLES
    return export_outcomes(
        distribution,
        writable_folder(model_dir),
        folder.load_config(),
        time=time,
        max_samples=max_samples,
    )
