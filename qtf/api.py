"""The front door: what one asks for most, one function each.

All of them are thin calls of the tasks behind the commands. They show their progress, take a
`seed`, and write nothing unless they are given a `workdir`, in which an interrupted call continues
and which `load` and all commands take.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import COUNT, POSITIVE, check_arguments
from qtf.dynamics.runs.checked_arrays import checked_arrays
from qtf.dynamics.runs.learned_hamiltonian import LearnedHamiltonian, learn
from qtf.physics import HamiltonianSettings, Lattice, Lindbladian, PauliSum
from qtf.physics.terms_on_lattice import settings_of_terms
from qtf.quiet_import import import_chosen_backend_quietly
from qtf.run_kinds import DYNAMICS, GROUND_STATES, OPEN_SYSTEMS

if TYPE_CHECKING:
    from qtf.dynamics.runs.arrays import DynamicsModel
    from qtf.ground_states.runs.ground_state import GroundState
    from qtf.measurements.experiments import Experiments
    from qtf.measurements.result import ShotFit
    from qtf.open_systems.runs.open_system import OpenSystem
    from qtf.open_systems.runs.settings import OpenSystemSettings
    from qtf.physics.driven import Coefficient

Hamiltonian = PauliSum | HamiltonianSettings
# Sections of a configuration, such as training={"n_epochs": 5}.
Sections = Mapping[str, object]


def find_ground_state(
    hamiltonian: Hamiltonian,
    *,
    lattice: Lattice | None = None,
    network: NetworkSettings | str | None = None,
    preset: str = "small",
    workdir: Path | str | None = None,
    seed: int = 0,
    **sections: Sections,
) -> "GroundState":
    """Finds the ground state of a Hamiltonian with an autoregressive wave function.

    What is proven of the ground state is built in: signs, zero magnetisation, symmetries of the
    lattice. Up to 16 sites, with symmetries that leave few configurations, there is no
    statistical error.

    Args:
        hamiltonian: A sum of Pauli strings, or the settings of a model on a lattice.
        lattice: Lattice of a sum of Pauli strings, whose geometry orders the sites and gives the
            symmetries; None: an open chain in the order of the sites.
        network: The network or its name, of `qtf.autoregressive.NETWORKS`; None: what the preset
            takes.
        preset: "quick", to see that it works; "small", for a desktop; "large", for larger lattices
            and smaller errors.
        workdir: The run folder; None: no files are left.
        seed: Seed of weights and samples.
        **sections: Other settings, by the sections of configurations of `trainers.ground_state`.

    Returns:
        The wave function, and what one asks of it.

    Raises:
        ValueError: The lattice has another number of sites, a setting is not allowed, or the
            folder holds another run.
    """
    from qtf.ground_states.runs.facts import find_facts
    from qtf.ground_states.runs.presets import make_settings

    physics = _as_settings(hamiltonian, lattice)
    settings = make_settings(physics, preset=preset, network=network, seed=seed).changed(sections)
    facts = find_facts(settings)
    import_chosen_backend_quietly()
    from qtf.ground_states.runs.ground_state import search

    with _run_folder(workdir) as folder:
        return search(settings, facts, folder)


def learn_hamiltonian(
    trajectories: Mapping[int, ArrayLike],
    *,
    dt: float | None = None,
    times: ArrayLike | None = None,
    interaction_range: int = 1,
    site_dependent: bool = False,
) -> LearnedHamiltonian:
    """Learns what drives a spin chain from exact or noisy trajectories of short ones.

    Needs NumPy and SciPy only, and a few seconds; whatever the seed, the result is the same.

    Args:
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites), at most 8 spins;
            spin 1 is the most significant bit of an amplitude's index, 0 is up.
        dt: Time step, hbar = 1.
        times: Times of the states instead, uniform, (n_times,).
        interaction_range: Largest distance of two sites in one term.
        site_dependent: Whether each site of the one chain length has fields of its own.

    Returns:
        All local terms with their errors, and which Hamiltonian they are.

    Raises:
        ValueError: An array has another shape or is not finite, the times are not uniform, or
            there are too few trajectories.

    Example:
        >>> import numpy as np
        >>> from qtf.physics import Chain, evolve, sample_initial_states, xxz
        >>> psi0 = sample_initial_states("paper", n_sites=3, n_samples=20, seed=0)
        >>> times = np.linspace(0.0, 2.0, 41)
        >>> psi = evolve(xxz(Chain(3), anisotropy=0.5), psi0, times)
        >>> learned = learn_hamiltonian({3: psi}, times=times)
        >>> learned.identification.name, learned.hamiltonian(5).n_sites
        ('xxz', 5)
    """
    checked, dt = checked_arrays(trajectories, dt, times)
    return learn(checked, dt, interaction_range=interaction_range, site_dependent=site_dependent)


def learn_from_shots(
    experiments: "Experiments | Path | str",
    *,
    terms: Iterable[str] | None = None,
    jumps: Iterable[str] = (),
    readout: Iterable[str] = (),
    preparation_errors: Iterable[str] = (),
    shapes: "Mapping[str, Coefficient] | None" = None,
    fixed: Mapping[str, float] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    n_starts: int = 10,
    patches: bool = False,
    workers: int = 1,
    workdir: Path | str | None = None,
    dt: float = 0.02,
    seed: int = 0,
) -> "ShotFit":
    """Learns couplings, rates of jumps and readout errors from strings of bits.

    Needs NumPy and SciPy only, with a run folder Keras. Error bars are those of the Fisher
    information, which no unbiased estimate can beat.

    Args:
        experiments: Settings and counts, or the file of them.
        terms: Pauli strings along the chain: "ZZ" is the sum over neighbours, "X@2" acts on site 2,
            "X@each" has a coefficient for each site; None: all of one site and of neighbours.
        jumps: "decay", "pump" and "dephasing", whose rates are learned, also "decay@each".
        readout: "e01", that 0 is read as 1, and "e10".
        preparation_errors: "depolarised", the share with which the maximally mixed state stands in
            for that of a site, also "depolarised@each".
        shapes: Name -> given function of the time f(t), by which terms such as "pulse*X" are
            multiplied; one that jumps or has a kink is a `qtf.physics.SampledFunction`.
        fixed: Name -> value of what is known.
        priors: Name -> mean and standard deviation of what else is known.
        n_starts: Largest number of starts; more than one only where the data are not explained.
        patches: Whether patches of the chain are fitted, as they are beyond 16 spins, with jumps or
            errors of the preparation 7; from one start.
        workers: Number of processes of patches.
        workdir: The run folder of a local generator of what was learned, without jumps; None: no
            files are left.
        dt: Time step of that generator, hbar = 1.
        seed: Seed of the starts after the first.

    Returns:
        Parameters with error bars, how well they explain the data, and what is missing.

    Raises:
        ValueError: A word is not known, a value is not allowed, a file is damaged, or what was
            learned is no local generator, see `qtf.shot_runs.write_run`.

    Example:
        >>> from qtf.measurements import Setting, ShotModel, simulate_shots
        >>> settings = [Setting("+z", 0.1 * k, "YY", shots=1000) for k in range(1, 9)]
        >>> model = ShotModel.of_words(2, terms=["X"])
        >>> learned = learn_from_shots(simulate_shots(model, [0.5], settings, seed=0), terms=["X"])
        >>> round(learned["X"], 1), learned.explains_the_data
        (0.5, True)
    """
    from qtf.measurements.chain_fit import fit_chain, needs_patches
    from qtf.measurements.fit import fit_words
    from qtf.measurements.formats import read_experiments

    if isinstance(experiments, str | Path):
        experiments = read_experiments(experiments)
    words: dict[str, Any] = {
        "terms": terms,
        "jumps": jumps,
        "readout": readout,
        "preparation_errors": preparation_errors,
        "shapes": shapes,
        "fixed": fixed,
        "priors": priors,
    }
    is_mixed = bool(jumps or preparation_errors)
    if patches or needs_patches(experiments.n_sites, is_mixed=is_mixed):
        fit: ShotFit = fit_chain(experiments, workers=workers, **words)
    else:
        fit = fit_words(experiments, n_starts=n_starts, seed=seed, **words)
    if workdir is not None:
        from qtf.shot_runs import write_run

        import_chosen_backend_quietly()
        write_run(fit, workdir, dt=dt)
    return fit


def train_dynamics(
    trajectories: Mapping[int, ArrayLike],
    *,
    dt: float | None = None,
    times: ArrayLike | None = None,
    network: str = "increment",
    preset: str = "small",
    validation: float = 0.1,
    hamiltonian: HamiltonianSettings | None = None,
    workdir: Path | str | None = None,
    seed: int = 0,
    **sections: Sections,
) -> "DynamicsModel":
    """Trains one network on trajectories of spin systems of several sizes.

    Args:
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites).
        dt: Time step, hbar = 1.
        times: Times of the states instead, uniform, (n_times,).
        network: "increment" or "paper".
        preset: "quick", to see that it works; "small"; "large", as recommended for six sizes.
        validation: Share of the trajectories that is kept for validations, the last ones.
        hamiltonian: What drives them, where it is known; exported models then tell energies.
        workdir: The run folder; None: no files are left.
        seed: Seed of weights and batches.
        **sections: Other settings, by the sections of configurations of `trainers.dynamics`.

    Returns:
        The network with its best weights, and what one asks of it.

    Raises:
        ValueError: An array has another shape or is not finite, the times are not uniform, there
            are too few trajectories, a setting is not allowed, or the folder holds another run.
    """
    checked, dt = checked_arrays(trajectories, dt, times)
    import_chosen_backend_quietly()
    from qtf.dynamics.runs.arrays import make_settings, train_on_arrays

    settings = make_settings(checked, network=network, preset=preset, seed=seed).changed(sections)
    with _run_folder(workdir) as folder:
        return train_on_arrays(
            settings, checked, dt, folder, validation=validation, hamiltonian=hamiltonian
        )


def steady_state(
    lindbladian: Lindbladian,
    *,
    lattice: Lattice | None = None,
    network: NetworkSettings | str | None = None,
    preset: str = "small",
    workdir: Path | str | None = None,
    seed: int = 0,
    **sections: Sections,
) -> "OpenSystem":
    """Finds the steady state of an open system as a distribution of outcomes of a measurement.

    `Lindbladian.steady_state` is exact, up to 11 spins or so.

    Args:
        lindbladian: Hamiltonian of one- and two-spin terms, and jumps of single spins.
        lattice: Its lattice; None: an open chain in the order of the sites.
        network: The network or its name, of `qtf.autoregressive.NETWORKS`; None: a transformer.
        preset: "quick", to see that it works; "small", for a desktop; "large", for smaller errors.
        workdir: The run folder; None: no files are left.
        seed: Seed of weights and samples.
        **sections: Other settings, by the sections of configurations of `trainers.open_system`.

    Returns:
        The state, and what one asks of it.

    Raises:
        ValueError: The system has no unique steady state, a term of three spins or one site only,
            a setting is not allowed, or the folder holds another run.
    """
    from qtf.open_systems.runs import presets

    physics = presets.describe_physics(_checked(lindbladian), lattice)
    settings = presets.make_settings(physics, preset=preset, network=network, seed=seed)
    return _solve(presets.search_steady_state(settings, preset).changed(sections), workdir)


def evolve_open(
    lindbladian: Lindbladian,
    start: str = "+z",
    *,
    dt: float,
    n_steps: int,
    lattice: Lattice | None = None,
    network: NetworkSettings | str | None = None,
    preset: str = "small",
    workdir: Path | str | None = None,
    seed: int = 0,
    **sections: Sections,
) -> "OpenSystem":
    """Follows an open system in time as a distribution of outcomes of a measurement.

    `Lindbladian.evolve` is exact, up to 11 spins or so.

    Args:
        lindbladian: Hamiltonian of one- and two-spin terms, and jumps of single spins.
        start: Direction of all spins at time 0: "+x", "-x", "+y", "-y", "+z" or "-z".
        dt: Step of time; each is solved to second order in it.
        n_steps: Number of steps.
        lattice: Its lattice; None: an open chain in the order of the sites.
        network: The network or its name, of `qtf.autoregressive.NETWORKS`; None: a transformer.
        preset: "quick", to see that it works; "small", for a desktop; "large", for smaller errors.
        workdir: The run folder; None: no files are left.
        seed: Seed of weights and samples.
        **sections: Other settings, by the sections of configurations of `trainers.open_system`.

    Returns:
        The state at the last time, with the means of all times.

    Raises:
        ValueError: A step is not positive, the system has a term of three spins or one site only,
            a setting is not allowed, or the folder holds another run.
    """
    check_arguments(POSITIVE, dt=dt)
    check_arguments(COUNT, n_steps=n_steps)
    from qtf.open_systems.runs import presets

    physics = presets.describe_physics(_checked(lindbladian), lattice)
    settings = presets.make_settings(
        physics, start=start, preset=preset, network=network, seed=seed
    )
    settings = presets.follow_time(settings, dt=dt, n_steps=n_steps).changed(sections)
    return _solve(settings, workdir)


def load(workdir: Path | str) -> "GroundState | DynamicsModel | OpenSystem":
    """Returns the result of a run folder of any kind, whoever has written it.

    Args:
        workdir: The run folder.

    Raises:
        FileNotFoundError: The folder holds no run, or one that has no weights yet.
        ValueError: A file is damaged.
    """
    import_chosen_backend_quietly()
    from qtf.dynamics.runs.arrays import load_dynamics
    from qtf.ground_states.runs.ground_state import load_ground_state
    from qtf.open_systems.runs.open_system import load_open_system
    from qtf.training.run_folder import RunFolder

    loaders: dict[str, Callable[[Path | str], Any]] = {
        DYNAMICS: load_dynamics,
        GROUND_STATES: load_ground_state,
        OPEN_SYSTEMS: load_open_system,
    }
    return loaders[RunFolder(workdir).kind](workdir)


def _checked(lindbladian: object) -> Lindbladian:
    if not isinstance(lindbladian, Lindbladian):
        raise ValueError(
            "Argument `lindbladian` must be a Lindbladian of qtf.physics, but is a"
            f" {type(lindbladian).__name__}."
        )
    return lindbladian


def _solve(settings: "OpenSystemSettings", workdir: Path | str | None) -> "OpenSystem":
    import_chosen_backend_quietly()
    from qtf.open_systems.runs.open_system import solve

    with _run_folder(workdir) as folder:
        return solve(settings, folder)


@contextlib.contextmanager
def _run_folder(workdir: Path | str | None) -> Iterator[Path]:
    """Yields the run folder; one that nobody has asked for is gone afterwards."""
    if workdir is not None:
        yield Path(workdir)
        return
    with tempfile.TemporaryDirectory(prefix="qtf-") as folder:
        yield Path(folder)


def _as_settings(hamiltonian: Hamiltonian, lattice: Lattice | None) -> HamiltonianSettings:
    if isinstance(hamiltonian, HamiltonianSettings):
        if lattice is not None and lattice != hamiltonian.lattice:
            raise ValueError(
                f"Argument `lattice` must be that of the Hamiltonian, {hamiltonian.lattice}, but is"
                f" {lattice}."
            )
        return hamiltonian
    if not isinstance(hamiltonian, PauliSum):
        raise ValueError(
            "Argument `hamiltonian` must be a PauliSum or HamiltonianSettings of qtf.physics, but"
            f" is a {type(hamiltonian).__name__}."
        )
    return settings_of_terms(hamiltonian, lattice)
