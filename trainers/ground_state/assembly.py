"""Puts Hamiltonian, wave function and loop together as the settings of a run ask."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from qtf.data.random_source import RandomSource
from qtf.ground_states.estimates import EnergyEstimate
from qtf.ground_states.min_sr import MinSR
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.symmetries import SymmetricWaveFunction, symmetrizer
from qtf.ground_states.task import GroundStateTask
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Lattice
from qtf.training.loop import train
from trainers.ground_state.facts import Facts
from trainers.ground_state.settings import RunSettings, with_symmetries
from trainers.memory import tell_memory


def run(
    settings: RunSettings,
    facts: Facts,
    workdir: Path | str,
    *,
    start_from: Path | str | None = None,
    profile: bool = False,
) -> tuple[GroundStateTask, WaveFunction | SymmetricWaveFunction]:
    """Searches a ground state in the run folder `workdir`.

    Args:
        settings: Settings of the run, which its folder records.
        facts: What `find_facts` has shown for them.
        workdir: The run folder.
        start_from: Folder of a run with the same weights, from which this one starts.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task, which can measure the result, and the wave function with the weights that the
        run folder keeps.

    Raises:
        ValueError: The settings or the run folder do not fit.
    """
    task = make_task(settings, facts)
    for question in facts.open_questions:
        print(f"Warning: {question}", flush=True)
    _tell_memory(task, settings)
    # The parts of reconfiguration are compiled by themselves.
    xla = settings.training.xla and task.min_sr is None
    training = dataclasses.replace(settings.training, xla=xla)
    options = {"start_from": start_from, "profile": profile}
    return task, train(task, training, settings.as_mapping(), workdir, kept=True, **options)


def make_task(settings: RunSettings, facts: Facts) -> GroundStateTask:
    """Returns the task of a run.

    Raises:
        ValueError: The network does not fit.
    """
    lattice = settings.physics.hamiltonian.lattice
    sampling, training, symmetry = settings.sampling, settings.training, settings.symmetry
    shape = (lattice.n_sites + symmetry.in_training, sampling.n_samples)
    return GroundStateTask(
        make_wave_function=lambda: make_wave_function(settings, facts),
        hamiltonian=settings.physics.hamiltonian.build(),
        source=RandomSource(shape, seed=training.seed, dtype=training.precision),
        n_samples=sampling.n_samples,
        n_validation=sampling.n_validation,
        seed=training.seed,
        reference=None if facts.reference is None else facts.reference.energy,
        penalties=Penalties(**settings.penalties.as_mapping()),
        min_sr=_min_sr(settings),
        # What has the symmetries built in need not be asked for them.
        symmetrized=None if symmetry.in_training else _symmetrizer(settings),
        chunk=sampling.chunk,
        n_prefixes=sampling.n_prefixes,
        every_configuration=sampling.every_configuration,
        picture_shape=_rows_and_columns(lattice),
        open_questions=facts.open_questions,
        xla=training.xla,
    )


def make_wave_function(settings: RunSettings, facts: Facts) -> WaveFunction | SymmetricWaveFunction:
    """Returns the wave function of a run, with random weights.

    Raises:
        ValueError: The network does not fit.
    """
    lattice, wave_function = settings.physics.hamiltonian.lattice, settings.wave_function
    network = settings.network.make(lattice, heads=wave_function.heads)
    psi = WaveFunction(
        network=network,
        sites=lattice.site_order(wave_function.order),
        zero_magnetization=wave_function.zero_magnetization,
        sign_sites=facts.sign_sites,
    )
    average = _symmetrizer(settings)
    return average(psi) if average is not None and settings.symmetry.in_training else psi


def estimate_average(
    settings: RunSettings, facts: Facts, psi: WaveFunction, n_samples: int
) -> EnergyEstimate | None:
    """Returns the energy of a trained wave function averaged over its symmetries, from samples.

    Args:
        settings: Settings of its run.
        facts: What `find_facts` has shown for them.
        psi: The wave function.
        n_samples: Samples of the average.

    Returns:
        The energy; None where no symmetries are known or they were built in.
    """
    if settings.symmetry.group == "none" or settings.symmetry.in_training:
        return None
    task = make_task(with_symmetries(settings), facts)
    average = task.build_model()
    for variable, trained in zip(average.variables, psi.variables, strict=True):
        variable.assign(trained.value)
    return task.estimate(n_samples)[0]


def _symmetrizer(
    settings: RunSettings,
) -> Callable[[WaveFunction], SymmetricWaveFunction] | None:
    symmetry, lattice = settings.symmetry, settings.physics.hamiltonian.lattice
    return symmetrizer(symmetry.group, lattice, weighted_phase=symmetry.weighted_phase)


def _min_sr(settings: RunSettings) -> MinSR | None:
    diag_shift, momentum = settings.min_sr.diag_shift, settings.min_sr.momentum
    if diag_shift is None:
        return None
    return MinSR(diag_shift, momentum=momentum, xla=settings.training.xla)


def _tell_memory(task: GroundStateTask, settings: RunSettings) -> None:
    """Writes a line if a step is out of reach; all else is in pieces."""
    rows = "every_configuration" if settings.sampling.every_configuration else "n_samples"
    smaller = [f"`sampling.{rows}`", "the network"] if task.min_sr is not None else ["the network"]
    if settings.symmetry.in_training:
        smaller.append("`symmetry.group`")
    tell_memory(task.step_bytes(), smaller)


def _rows_and_columns(lattice: Lattice) -> tuple[int, int]:
    rows = lattice.rows()
    return (1, lattice.n_sites) if rows is None else (len(rows), len(rows[0]))
