"""Settings of a search for a Hamiltonian that nobody has tuned any for."""

from dataclasses import replace

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import ARGUMENT, OneOf, check
from qtf.ground_states.runs.proofs import check_promises, find_signs
from qtf.ground_states.runs.settings import GroundStateSettings, PhysicsSettings
from qtf.ground_states.sector import Representatives, Sector
from qtf.ground_states.settings import (
    MAX_LISTED_SITES,
    ReconfigurationSettings,
    SamplingSettings,
    SymmetrySettings,
    WaveFunctionSettings,
)
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.physics import HamiltonianSettings, Lattice, PauliSum, lanczos_ground_energy
from qtf.physics.sign_rules import conserves_total, find_sign_sites
from qtf.progress import announced
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import TrainingSettings

QUICK, SMALL, LARGE = "quick", "small", "large"
PRESETS = (QUICK, SMALL, LARGE)
# From the largest group to the smallest.
GROUPS = ("lattice_and_flip", "lattice", "flip")
# Of so many configurations, symmetries counted once, steps hold all derivatives at once.
MAX_ROWS = 2048
# Length of a step of imaginary time, times the distance of the highest energy from the lowest:
# from 2 on, parts of high energy grow.
EXACT_STEP = 1.0
# The same for samples, times the sum of all coefficients, which no energy exceeds.
SAMPLED_STEP = 0.6
# Samples of a step, epochs of 25 steps, units of the network; of sums, epochs of 10 steps.
SIZES = {QUICK: (256, 8, 24, 4), SMALL: (1024, 40, 48, 40), LARGE: (2048, 120, 96, 80)}
# V-score at which sums over all configurations count as solved.
SOLVED = 1e-8


def make_settings(
    hamiltonian: HamiltonianSettings,
    *,
    preset: str = SMALL,
    network: NetworkSettings | str | None = None,
    seed: int = 0,
) -> GroundStateSettings:
    """Returns settings of a search that suit a Hamiltonian.

    What is proven of its ground state is built in: signs, zero magnetisation and symmetries. Steps
    are those of stochastic reconfiguration, on small systems by sums over all configurations.

    Args:
        hamiltonian: Hamiltonian, on any lattice.
        preset: "quick", to see that it works; "small", for a desktop; "large", for larger lattices
            and smaller errors.
        network: The network or its name; None: a gated recurrent one.
        seed: Seed of weights and samples.

    Raises:
        ValueError: The preset is unknown, or the network does not fit the lattice.
    """
    check("preset", preset, OneOf(PRESETS), kind=ARGUMENT)
    operator, lattice = hamiltonian.build(), hamiltonian.lattice
    wave_function = _choose_wave_function(operator, lattice)
    n_samples, n_epochs, units, n_exact_epochs = SIZES[preset]
    if network is None:
        network = _choose_network(wave_function, units)
    elif isinstance(network, str):
        network = NetworkSettings(name=network)
    wave_function = replace(wave_function, order=network.order or "snake")
    group = _choose_group(operator, lattice, wave_function)
    is_listed = _n_rows(lattice, wave_function, group) <= MAX_ROWS
    settings = GroundStateSettings(
        physics=PhysicsSettings(hamiltonian),
        network=network,
        wave_function=wave_function,
        symmetry=_build_in(group) if is_listed else SymmetrySettings(group),
        sampling=SamplingSettings(
            n_samples,
            every_configuration=is_listed,
            # Validations of sums only tell when to stop.
            n_validation=1024 if is_listed else 4096,
            n_prefixes=1 if is_listed else 4,
        ),
    )
    if is_listed:
        return _sum_everything(settings, EXACT_STEP / _width(operator), n_exact_epochs, seed)
    largest = sum(abs(term.coefficient) for term in operator.terms) or 1.0
    return _draw_samples(settings, SAMPLED_STEP / largest, n_epochs, seed)


def _choose_network(wave_function: WaveFunctionSettings, units: int) -> NetworkSettings:
    if wave_function.positive:
        return NetworkSettings.from_mapping({"name": "gru", "units": units})
    # Signs depend on the place, which this network is told.
    of_layers = {"n_layers": 2, "units": units // 3}
    return NetworkSettings.from_mapping({"name": "transformer", **of_layers})


def _choose_wave_function(operator: PauliSum, lattice: Lattice) -> WaveFunctionSettings:
    """Returns what is proven of the ground state."""
    positive = find_sign_sites(operator) is not None
    # Where it is not the right rule, it is the one that most signs follow, unless the real terms
    # of a complex Hamiltonian ask for none.
    real = PauliSum(operator.n_sites, [t for t in operator.terms if t.paulis.count("Y") % 2 == 0])
    has_signs = not positive and find_sign_sites(real) != ()
    is_antiferromagnet = has_signs and lattice.sublattice() is not None
    marshall_sign = is_antiferromagnet and conserves_total(operator, "Z")
    settings = WaveFunctionSettings(positive=positive, marshall_sign=marshall_sign)
    without_field = replace(settings, zero_magnetization=True)
    return without_field if _is_proven(operator, lattice, without_field, "none") else settings


def _choose_group(operator: PauliSum, lattice: Lattice, settings: WaveFunctionSettings) -> str:
    """Returns the largest group of symmetries that the ground state is proven to have."""
    for name in GROUPS:
        if symmetry_group(name, lattice).keeps(operator) and _is_proven(
            operator, lattice, settings, name
        ):
            return name
    return "none"


def _is_proven(
    operator: PauliSum, lattice: Lattice, settings: WaveFunctionSettings, group: str
) -> bool:
    signs = find_signs(settings, operator, lattice.sublattice())
    symmetries = symmetry_group(group, lattice)
    sector = Sector(
        lattice.n_sites,
        settings.zero_magnetization,
        symmetries if symmetries.size > 1 else None,
    )
    try:
        return not check_promises(operator, sector, signs, positive=settings.positive)
    except ValueError:
        return False


def _n_rows(lattice: Lattice, settings: WaveFunctionSettings, group: str) -> float:
    """Returns the number of configurations, one for all its images; infinite if too many."""
    if lattice.n_sites > MAX_LISTED_SITES:
        return float("inf")
    symmetries = symmetry_group(group, lattice)
    sector = Sector(lattice.n_sites, settings.zero_magnetization, symmetries)
    return len(Representatives(sector).bits)


def _build_in(group: str) -> SymmetrySettings:
    has_group = group != "none"
    return SymmetrySettings(group, in_training=has_group, listed=has_group)


def _width(operator: PauliSum) -> float:
    """Returns the distance of the highest energy from the lowest."""
    with announced("exact energies"):
        width = -lanczos_ground_energy(-1.0 * operator) - lanczos_ground_energy(operator)
    return width or 1.0


def _sum_everything(
    settings: GroundStateSettings, learning_rate: float, n_epochs: int, seed: int
) -> GroundStateSettings:
    return replace(
        settings,
        # There is no noise that momentum would average.
        min_sr=ReconfigurationSettings(diag_shift=1e-4, momentum=0.0, time_step=learning_rate),
        training=replace(
            _train(learning_rate, n_epochs, 10, seed, stop_below=SOLVED, floor=0.3),
            precision="float64",
        ),
    )


def _draw_samples(
    settings: GroundStateSettings, learning_rate: float, n_epochs: int, seed: int
) -> GroundStateSettings:
    return replace(
        settings,
        min_sr=ReconfigurationSettings(diag_shift=1e-3, momentum=0.9),
        training=_train(learning_rate, n_epochs, 25, seed, stop_below=0.0, floor=0.02),
    )


def _train(
    learning_rate: float,
    n_epochs: int,
    steps_per_epoch: int,
    seed: int,
    *,
    stop_below: float,
    floor: float,
) -> TrainingSettings:
    return TrainingSettings(
        n_epochs=n_epochs,
        steps_per_epoch=steps_per_epoch,
        seed=seed,
        monitor="energy",
        stop_metric="v_score",
        stop_below=stop_below,
        optimizer=OptimizerSettings(
            name="sgd",
            learning_rate=learning_rate,
            schedule="cosine",
            floor=floor * learning_rate,
            warmup_steps=10,
        ),
    )
