"""Puts Hamiltonian, wave function and loop settings together as a configuration asks."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

from qtf.data.random_source import RandomSource
from qtf.ground_states.estimates import EnergyEstimate
from qtf.ground_states.min_sr import MinSR
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.symmetries import group_size, is_symmetric, symmetrizer
from qtf.ground_states.task import GroundStateTask
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import HamiltonianSettings, Lattice
from qtf.training.loop import train
from qtf.training.settings import FULL_PRECISIONS, TrainingSettings
from trainers.ground_states.proofs import check_promises, sign_sites
from trainers.ground_states.references import find_reference
from trainers.memory import tell_memory
from trainers.networks import ON_SQUARES, make_network

# What the two phases of a position are read from.
PHASE_OUTPUTS = {"angle": 2, "sine_and_cosine": 4}
DEFAULT_PHASE = "angle"
# Images of flipped spins of a sample that are evaluated at once: as fast as more.
MAX_IMAGES = 112


def run(
    config: dict[str, Any],
    workdir: Path | str,
    *,
    start_from: Path | str | None = None,
    profile: bool = False,
) -> tuple[GroundStateTask, WaveFunction]:
    """Searches the ground state as `config` says, in the run folder `workdir`.

    Args:
        config: Resolved configuration, see `trainers.ground_states.config`.
        workdir: The run folder.
        start_from: Folder of a run with the same weights, from which this one starts.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task, which can measure the result, and the wave function with the weights that the
        run folder keeps.

    Raises:
        ValueError: The configuration or the run folder do not fit.
    """
    settings = TrainingSettings.from_mapping(config["training"])
    config = without_what_follows(config)
    task = make_task(config)
    for question in task.open_questions:
        print(f"Warning: {question}", flush=True)
    _tell_memory(task, config)
    if task.min_sr is not None:
        # Its parts are compiled by themselves.
        settings = dataclasses.replace(settings, xla=False)
    options = {"start_from": start_from, "profile": profile}
    return task, train(task, settings, config, workdir, kept=True, **options)


def energy_with_symmetries(
    config: dict[str, Any], psi: WaveFunction, n_samples: int
) -> EnergyEstimate | None:
    """Returns the energy of a trained wave function averaged over its symmetries, from samples.

    Args:
        config: Of its training.
        psi: The wave function.
        n_samples: Samples of the average.

    Returns:
        The energy; None where no symmetries are known or they were built in.
    """
    symmetry = config["symmetry"]
    if symmetry["group"] == "none" or symmetry["in_training"]:
        return None
    task = make_task(with_symmetries(without_what_follows(config)))
    average = task.build_model()
    for copy_of_it, variable in zip(average.variables, psi.variables, strict=True):
        copy_of_it.assign(variable.value)
    return task.estimate(n_samples)[0]


def with_symmetries(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a configuration whose wave function has its symmetries built in, if it has any."""
    found = copy.deepcopy(config)
    group, sampling = config["symmetry"]["group"], found["sampling"]
    if group != "none":
        found["symmetry"]["in_training"] = True
        size = group_size(group, _hamiltonian_settings(config).lattice)
        chunk = max(1, MAX_IMAGES // size)
        sampling.update(n_prefixes=1, chunk=min(chunk, sampling["chunk"] or chunk))
    return found


def without_what_follows(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a configuration without what comes after its run: a refinement, larger sizes.

    The parts that come after something keep in the same sections where they start from.
    """
    return {
        key: value
        for key, value in config.items()
        if key not in ("growth", "refinement") or "start" in value
    }


def make_task(config: dict[str, Any]) -> GroundStateTask:
    """Returns the task that the configuration describes.

    Raises:
        ValueError: A value is unknown or out of range.
    """
    physics = _hamiltonian_settings(config)
    hamiltonian, lattice = physics.build(), physics.lattice
    sampling, training, symmetry = config["sampling"], config["training"], config["symmetry"]
    # Mistakes are found before anything is computed.
    if training["precision"] not in FULL_PRECISIONS:
        raise ValueError(
            f"Setting `training.precision` must be one of {', '.join(FULL_PRECISIONS)} for ground"
            f' states, but is "{training["precision"]}".'
        )
    plain, symmetrized = _plain_wave_function(config, lattice), _symmetrizer(config, lattice)
    if not is_symmetric(hamiltonian, symmetry["group"], lattice):
        raise ValueError(
            f'Setting `symmetry.group` must be one of the Hamiltonian, but "{symmetry["group"]}"'
            " changes it."
        )
    always = symmetry["in_training"]
    if always and symmetrized is None:
        raise ValueError(
            'Setting `symmetry.group` must not be "none" if `symmetry.in_training`, but is.'
        )
    if always and sampling["n_prefixes"] != 1:
        raise ValueError(
            "Setting `sampling.n_prefixes` must be 1 if `symmetry.in_training`, but is"
            f" {sampling['n_prefixes']}."
        )
    average = None if symmetrized is None else symmetrized(plain)
    open_questions = check_promises(hamiltonian, plain, average)
    reference = find_reference(config)
    return GroundStateTask(
        make_wave_function=lambda: make_wave_function(config, lattice),
        hamiltonian=hamiltonian,
        source=RandomSource(
            (lattice.n_sites + always, sampling["n_samples"]),
            seed=training["seed"],
            dtype=training["precision"],
        ),
        n_samples=sampling["n_samples"],
        n_validation=sampling["n_validation"],
        seed=training["seed"],
        reference=None if reference is None else reference.energy,
        penalties=Penalties(**config["penalties"]),
        min_sr=_min_sr(config),
        # What has the symmetries built in need not be asked for them.
        symmetrized=None if always else symmetrized,
        chunk=sampling["chunk"],
        n_prefixes=sampling["n_prefixes"],
        every_configuration=sampling["every_configuration"],
        picture_shape=_rows_and_columns(lattice),
        open_questions=open_questions,
        xla=training["xla"],
    )


def make_wave_function(config: dict[str, Any], lattice: Lattice) -> Any:
    """Returns the wave function of a configuration, with random weights."""
    psi, symmetrized = _plain_wave_function(config, lattice), _symmetrizer(config, lattice)
    if symmetrized is None or not config["symmetry"]["in_training"]:
        return psi
    return symmetrized(psi)


def _plain_wave_function(config: dict[str, Any], lattice: Lattice) -> WaveFunction:
    chosen, name = config["wave_function"], config["network"]["name"]
    if name in ON_SQUARES and chosen["order"] != ON_SQUARES[name]:
        raise ValueError(
            f'Setting `wave_function.order` must be "{ON_SQUARES[name]}" for the network {name},'
            f' but is "{chosen["order"]}".'
        )
    hamiltonian = _hamiltonian_settings(config).build()
    return WaveFunction(
        network=make_network(config["network"], lattice, heads=_heads(config)),
        sites=lattice.site_order(chosen["order"]),
        zero_magnetization=chosen["zero_magnetization"],
        sign_sites=sign_sites(chosen, hamiltonian, lattice.sublattice()),
    )


def _heads(config: dict[str, Any]) -> tuple[int, ...]:
    settings = config["wave_function"]
    if settings["phase"] not in PHASE_OUTPUTS:
        raise ValueError(
            f"Setting `wave_function.phase` must be one of {', '.join(PHASE_OUTPUTS)}, but is"
            f' "{settings["phase"]}".'
        )
    if not settings["positive"]:
        return (2, PHASE_OUTPUTS[settings["phase"]])
    if settings["phase"] != DEFAULT_PHASE:
        raise ValueError(
            f'Setting `wave_function.phase` must be "{DEFAULT_PHASE}" if `positive`, as there is'
            f' none then, but is "{settings["phase"]}".'
        )
    return (2,)


def _symmetrizer(config: dict[str, Any], lattice: Lattice) -> Any:
    settings = config["symmetry"]
    return symmetrizer(settings["group"], lattice, weighted_phase=settings["weighted_phase"])


def _min_sr(config: dict[str, Any]) -> MinSR | None:
    diag_shift, training = config["min_sr"]["diag_shift"], config["training"]
    if diag_shift is None:
        return None
    if training["strategy"] != "one_device":
        raise ValueError(
            'Setting `training.strategy` must be "one_device" for stochastic reconfiguration,'
            f' but is "{training["strategy"]}".'
        )
    return MinSR(diag_shift, momentum=config["min_sr"]["momentum"], xla=training["xla"])


def _tell_memory(task: GroundStateTask, config: dict[str, Any]) -> None:
    """Writes a line if a step is out of reach; all else is in pieces."""
    at_rows = "sampling.every_configuration" if task.every_configuration else "sampling.n_samples"
    smaller = [f"`{at_rows}`", "the network"] if task.min_sr is not None else ["the network"]
    if config["symmetry"]["in_training"]:
        smaller.append("`symmetry.group`")
    tell_memory(task.step_bytes(), smaller)


def _rows_and_columns(lattice: Lattice) -> tuple[int, int]:
    rows = lattice.rows()
    return (1, lattice.n_sites) if rows is None else (len(rows), len(rows[0]))


def _hamiltonian_settings(config: dict[str, Any]) -> HamiltonianSettings:
    return HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
