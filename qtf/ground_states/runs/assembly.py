"""Puts Hamiltonian, wave function and loop together as the settings of a run ask."""

import dataclasses
import functools
import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from qtf.autoregressive.network import make_network
from qtf.data.random_source import RandomSource
from qtf.ground_states.estimates import EnergyEstimate
from qtf.ground_states.last_part import last_part
from qtf.ground_states.listed_wave_function import ListedWaveFunction
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.patches import Patches
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.runs.facts import Facts
from qtf.ground_states.runs.gaps import digests_of_states_below, load_states_below
from qtf.ground_states.runs.settings import RunSettings
from qtf.ground_states.symmetries import SymmetricWaveFunction, symmetrizer
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.ground_states.task import (
    AllConfigurations,
    BlurredSamples,
    EnergyGradient,
    GroundStateTask,
    GroundStateTraining,
    Reconfiguration,
    Samples,
)
from qtf.ground_states.task.samples import Configurations
from qtf.ground_states.task.task import AnyWaveFunction
from qtf.ground_states.wave_function import WaveFunction
from qtf.run_kinds import GROUND_STATES
from qtf.training.changes import ChangeRules
from qtf.training.initial_weights import check_initial_run, take_weights
from qtf.training.loop import train
from qtf.training.memory import tell_memory
from qtf.training.pace import Pace
from qtf.training.run_folder import RunFolder
from qtf.training.training import Step

CHANGEABLE = (
    "sampling.n_samples",
    "sampling.grow_at",
    "sampling.grow_to",
    "sampling.n_validation",
    "sampling.chunk",
    "sampling.n_prefixes",
    "reference",
    "states_below",
)
DIRECTION_KEYS = ("min_sr.diag_shift", "min_sr.relative_shift", "min_sr.momentum")


def run(
    settings: RunSettings,
    facts: Facts,
    workdir: Path | str,
    *,
    start_from: Path | str | None = None,
    init_from: Path | str | None = None,
    change: bool = False,
    profile: bool = False,
    pace: Pace | None = None,
) -> GroundStateTraining:
    """Searches a ground state in the run folder `workdir`.

    Args:
        settings: Settings of the run, which its folder records.
        facts: What `find_facts` has shown for them.
        workdir: The run folder.
        start_from: Folder of a run with the same weights, from which this one starts, with the
            moments of its optimiser.
        init_from: Folder of a run whose best weights this one starts from.
        change: Whether the run may go on with other settings, see `ChangeRules`.
        profile: Whether ten of the first steps are traced for TensorBoard.
        pace: Counts the time, and may limit it.

    Returns:
        The wave function with the weights that the run folder keeps, and what measures it.

    Raises:
        ValueError: The settings or the run folder do not fit.
    """
    settings = watch_loss(settings)
    task = make_task(settings, facts)
    initial = None if init_from is None else _initial_run(settings, init_from)
    for question in facts.open_questions:
        tqdm.write(f"Warning: {question}")
    sys.stdout.flush()

    def build() -> GroundStateTraining:
        training = task.build()
        if initial is not None:
            take_weights(training.model, initial)
        _tell_memory(training, settings)
        return training

    asked = settings.as_mapping()
    if init_from is not None:
        asked["init_from"] = str(Path(init_from).resolve())
    if settings.orthogonal_to:
        asked["states_below"] = digests_of_states_below(settings)
    return train(
        build,
        settings.training,
        asked,
        workdir,
        kind=GROUND_STATES,
        start_from=start_from,
        profile=profile,
        kept=True,
        rules=ChangeRules(
            changeable=_changeable(settings), demanded=change, usual=type(settings)().as_mapping()
        ),
        pace=pace,
    )


def _changeable(settings: RunSettings) -> tuple[str, ...]:
    """Returns what another value changes from now on, and not what is searched."""
    penalties = (f"penalties.{key}" for key in settings.penalties.as_mapping())
    # Without it there is no direction of the step before.
    has_direction = settings.min_sr.diag_shift is not None
    return (*CHANGEABLE, *penalties, *(DIRECTION_KEYS if has_direction else ()))


def _initial_run(settings: RunSettings, init_from: Path | str) -> RunFolder:
    folder, form = RunFolder(last_part(init_from)), settings.wave_function.as_mapping()
    # As files hold it.
    form["patch"] = list(form["patch"])
    alike = {
        "network": settings.network.as_mapping(),
        "wave_function": {key: form[key] for key in ("order", "patch", "positive", "phase")},
    }
    check_initial_run(folder, GROUND_STATES, alike)
    return folder


def watch_loss(settings: RunSettings) -> RunSettings:
    """Returns settings that keep the weights of the lowest loss where states below raise it.

    The lowest energy would be that of a mixture with the states below.
    """
    if not settings.orthogonal_to or settings.training.monitor != "energy":
        return settings
    training = dataclasses.replace(settings.training, monitor="loss")
    return dataclasses.replace(settings, training=training)


def make_task(settings: RunSettings, facts: Facts) -> GroundStateTask:
    """Returns the task of a run.

    Raises:
        FileNotFoundError: A run that the settings name has no weights or no result.
        ValueError: The network, or such a run, does not fit.
    """
    lattice = settings.physics.hamiltonian.lattice
    sampling, training, symmetry = settings.sampling, settings.training, settings.symmetry
    n_positions = lattice.n_sites // settings.wave_function.patch_size
    n_uniforms = 2 if symmetry.listed else n_positions + symmetry.in_training
    shape = (n_uniforms + (sampling.blur > 0.0), sampling.n_samples)
    return GroundStateTask(
        make_wave_function=lambda: make_wave_function(settings, facts),
        local_energy=LocalEnergy(
            settings.physics.hamiltonian.build(),
            chunk=sampling.chunk,
            n_prefixes=sampling.n_prefixes,
        ),
        source=RandomSource(
            shape,
            seed=training.seed,
            dtype=training.precision,
            growth=sampling.growth(training.n_scheduled),
        ),
        n_validation=sampling.n_validation,
        seed=training.seed,
        reference=None if facts.reference is None else facts.reference.energy,
        penalties=Penalties(**settings.penalties.as_mapping()),
        below=load_states_below(settings),
        configurations=_configurations(settings),
        make_step=_step(settings),
        # What has the symmetries built in need not be asked for them.
        symmetrized=None if symmetry.in_training else _symmetrizer(settings),
        positions=lattice.positions(),
        open_questions=facts.open_questions,
        xla=training.xla,
    )


def make_wave_function(settings: RunSettings, facts: Facts) -> AnyWaveFunction:
    """Returns the wave function of a run, with random weights.

    Raises:
        ValueError: The network does not fit.
    """
    lattice, wave_function = settings.physics.hamiltonian.lattice, settings.wave_function
    patches = Patches(lattice, wave_function.patch)
    network = make_network(
        settings.network,
        patches,
        heads=wave_function.heads,
        local_dimension=wave_function.n_outcomes,
    )
    psi = WaveFunction(
        network=network,
        sites=patches.site_order(wave_function.order),
        zero_magnetization=wave_function.zero_magnetization,
        magnetization=wave_function.magnetization,
        sign_sites=facts.sign_sites,
    )
    if settings.symmetry.listed:
        group = symmetry_group(settings.symmetry.group, lattice)
        return ListedWaveFunction(
            psi=psi, permutations=group.permutations, spin_flip=group.spin_flip
        )
    average = _symmetrizer(settings)
    return average(psi) if average is not None and settings.symmetry.in_training else psi


def estimate_average(training: GroundStateTraining, n_samples: int) -> EnergyEstimate | None:
    """Returns the energy of a trained wave function averaged over its symmetries, from samples.

    Args:
        training: The trained wave function, and what measures it.
        n_samples: Samples of the average.

    Returns:
        The energy; None where no symmetries are known or they were built in.
    """
    task = training.task
    if task.symmetrized is None:
        return None
    average = task.symmetrized(training.model)
    shape = (average.n_uniforms, task.n_samples)
    averaged = dataclasses.replace(
        task,
        make_wave_function=lambda: average,
        local_energy=LocalEnergy(task.hamiltonian, chunk=task.local_energy.chunk),
        source=RandomSource(shape, seed=task.seed, dtype=task.source.dtype),
        make_step=EnergyGradient,
        symmetrized=None,
    )
    return averaged.build().estimate(n_samples)


def _symmetrizer(
    settings: RunSettings,
) -> Callable[[WaveFunction], SymmetricWaveFunction] | None:
    symmetry, lattice = settings.symmetry, settings.physics.hamiltonian.lattice
    return symmetrizer(symmetry.group, lattice, weighted_phase=symmetry.weighted_phase)


def _configurations(settings: RunSettings) -> Callable[..., Configurations]:
    sampling = settings.sampling
    if sampling.every_configuration:
        return AllConfigurations
    return functools.partial(BlurredSamples, blur=sampling.blur) if sampling.blur else Samples


def _step(settings: RunSettings) -> Callable[..., Step]:
    if settings.min_sr.diag_shift is None:
        return EnergyGradient
    return functools.partial(Reconfiguration, **settings.min_sr.as_mapping())


def _tell_memory(training: GroundStateTraining, settings: RunSettings) -> None:
    """Writes a line if a step is out of reach; all else is in pieces."""
    rows = "every_configuration" if settings.sampling.every_configuration else "n_samples"
    smaller = ["the network"]
    if settings.min_sr.diag_shift is not None:
        smaller.insert(0, f"`sampling.{rows}`")
    if settings.symmetry.in_training:
        smaller.append("`symmetry.group`")
    tell_memory(training.step_bytes(), smaller)
