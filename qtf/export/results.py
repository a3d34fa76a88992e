"""SavedModels of the results that `qtf.find_ground_state` and its like return."""

from functools import singledispatch
from pathlib import Path

from qtf.data.laws import RecordedLaw
from qtf.data.schema import GIVEN
from qtf.dynamics.runs.arrays import DynamicsModel
from qtf.dynamics.runs.learned_hamiltonian import LearnedHamiltonian
from qtf.export.exporters import write_dynamics
from qtf.export.saved_model import export_outcomes, export_wave_function
from qtf.export.validation import validation_record
from qtf.files import writable_folder
from qtf.ground_states.runs.ground_state import GroundState
from qtf.open_systems.runs.open_system import OpenSystem

Result = GroundState | DynamicsModel | LearnedHamiltonian | OpenSystem


@singledispatch
def export_result(result: object, folder: Path | str) -> Path:
    """Writes a result as the next version of a SavedModel, as `trainers.export` does.

    Args:
        result: What `qtf.find_ground_state`, `qtf.train_dynamics`, `qtf.learn_hamiltonian`,
            `qtf.steady_state`, `qtf.evolve_open` or `qtf.load` has returned.
        folder: Folder of all versions, created if missing.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: It is no such result.
        OSError: The folder cannot be written to; no half version is left.
    """
    raise ValueError(
        f"Argument `result` must be what a function of qtf returned, but is a"
        f" {type(result).__name__}."
    )


@export_result.register
def _export_ground_state(result: GroundState, folder: Path | str) -> Path:
    return export_wave_function(
        result.psi,
        writable_folder(folder),
        result.hamiltonian,
        result.settings.as_mapping(),
    )


@export_result.register
def _export_dynamics(result: DynamicsModel, folder: Path | str) -> Path:
    validation = validation_record(result.rows, result.config)
    return write_dynamics(result.model, result.config, folder, validation=validation)


@export_result.register
def _export_learned(result: LearnedHamiltonian, folder: Path | str) -> Path:
    law = RecordedLaw(result.family, GIVEN, result.dt)
    config = {"physics": law.as_mapping(), "data": {"n_sites": list(result.n_sites)}}
    return write_dynamics(result.model, config, folder)


@export_result.register
def _export_open_system(result: OpenSystem, folder: Path | str) -> Path:
    return export_outcomes(
        result.distribution,
        writable_folder(folder),
        result.settings.as_mapping(),
        time=result.time,
    )
