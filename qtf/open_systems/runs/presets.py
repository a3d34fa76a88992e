"""Settings of a run for an open system that nobody has tuned any for."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qtf.autoregressive.settings import NetworkSettings
from qtf.checks import ARGUMENT, OneOf, check
from qtf.open_systems.runs.recipes import MAX_FOLLOWED_SITES
from qtf.open_systems.runs.settings import (
    MAX_LISTED_SITES,
    OpenSystemSettings,
    PhysicsSettings,
)
from qtf.open_systems.settings import (
    DynamicsSettings,
    NaturalGradientSettings,
    ObjectiveSettings,
    SamplingSettings,
    SteadyStateSettings,
)
from qtf.physics import JumpSettings, Lattice, Lindbladian
from qtf.physics.jumps import JumpOperator
from qtf.physics.terms_on_lattice import settings_of_terms
from qtf.training.optimizers import OptimizerSettings
from qtf.training.settings import TrainingSettings

QUICK, SMALL, LARGE = "quick", "small", "large"
# Units of the network, samples of a step, epochs and steps of a search.
SIZES = {QUICK: (16, 512, 4, 25), SMALL: (32, 2048, 20, 25), LARGE: (64, 4096, 40, 50)}
PRESETS = tuple(SIZES)
# Of a step of time of a search, times the fastest rate: it has to be stable, not exact.
LONGEST_STEP = 0.5


def describe_physics(lindbladian: Lindbladian, lattice: Lattice | None = None) -> PhysicsSettings:
    """Returns the section `physics` of a system, as configurations and run folders hold it.

    Args:
        lindbladian: Hamiltonian and jumps.
        lattice: Its lattice; None: an open chain in the order of the sites.

    Raises:
        ValueError: The lattice has another number of sites.
    """
    jumps = _describe_jumps(lindbladian.jump_ops, lindbladian.hamiltonian.n_sites)
    return PhysicsSettings(settings_of_terms(lindbladian.hamiltonian, lattice), jumps)


def make_settings(
    physics: PhysicsSettings,
    *,
    start: str = "+z",
    preset: str = SMALL,
    network: NetworkSettings | str | None = None,
    seed: int = 0,
) -> OpenSystemSettings:
    """Returns settings that suit a system, but for what is solved.

    Args:
        physics: The system.
        start: Direction of all spins at time 0.
        preset: "quick", to see that it works; "small", for a desktop; "large", for smaller errors.
        network: The network or its name; None: a transformer.
        seed: Seed of weights and samples.

    Raises:
        ValueError: A word is unknown, or the network does not fit the lattice.
    """
    check("preset", preset, OneOf(PRESETS), kind=ARGUMENT)
    units, n_samples, *_ = SIZES[preset]
    if network is None:
        of_layers = {"n_layers": 1, "n_attention_heads": 1, "feed_forward_units": units}
        network = NetworkSettings.from_mapping({"name": "transformer", "units": units, **of_layers})
    elif isinstance(network, str):
        network = NetworkSettings(name=network)
    n_sites = physics.hamiltonian.lattice.n_sites
    is_listed = n_sites <= MAX_LISTED_SITES
    return OpenSystemSettings(
        physics=physics,
        start=start,
        network=network,
        strings=1 if network.order == "snake" else 0,
        objective=ObjectiveSettings(norm="chi2", every_outcome=is_listed),
        sampling=SamplingSettings(n_samples=n_samples),
        training=TrainingSettings(seed=seed),
    )


def search_steady_state(settings: OpenSystemSettings, preset: str) -> OpenSystemSettings:
    """Returns the settings of a search for the steady state alone.

    Up to 9 sites steps are steps of time, by natural gradients, until nothing changes; beyond,
    those of Adam on samples.
    """
    _, _, n_epochs, steps_per_epoch = SIZES[preset]
    search = SteadyStateSettings(n_epochs=n_epochs)
    training = replace(settings.training, n_epochs=n_epochs)
    if not settings.objective.every_outcome:
        adam = OptimizerSettings(learning_rate=1e-2, schedule="cosine", floor=1e-4, beta_2=0.98)
        training = replace(training, steps_per_epoch=4 * steps_per_epoch, optimizer=adam)
        return replace(settings, steady_state=search, training=training)
    # Shorter and shorter steps average what a choice of outcomes leaves to chance.
    follow = OptimizerSettings(name="sgd", learning_rate=1.0, schedule="cosine", floor=0.05)
    return replace(
        settings,
        steady_state=search,
        dynamics=DynamicsSettings(tau=0.5 * LONGEST_STEP / _fastest_rate(settings.physics)),
        natural_gradient=NaturalGradientSettings(diag_shift=1e-4),
        training=replace(training, steps_per_epoch=steps_per_epoch, optimizer=follow),
    )


def follow_time(settings: OpenSystemSettings, *, dt: float, n_steps: int) -> OpenSystemSettings:
    """Returns the settings of an evolution in steps of time, each of which is an epoch.

    Up to 6 sites natural gradients solve each step to the last digits; beyond, Adam.
    """
    settings = replace(settings, dynamics=DynamicsSettings(tau=0.5 * dt))
    training = replace(settings.training, n_epochs=n_steps)
    if settings.physics.hamiltonian.lattice.n_sites > MAX_FOLLOWED_SITES:
        adam = OptimizerSettings(
            learning_rate=3e-3, schedule="last_third_lower", decay=0.5, floor=5e-5, beta_2=0.98
        )
        training = replace(training, steps_per_epoch=120, optimizer=adam)
        return replace(settings, training=training)
    whole = OptimizerSettings(name="sgd", learning_rate=1.0, schedule="constant")
    return replace(
        settings,
        natural_gradient=NaturalGradientSettings(diag_shift=1e-5),
        training=replace(training, steps_per_epoch=10, optimizer=whole),
    )


def _fastest_rate(physics: PhysicsSettings) -> float:
    """Returns a rate that probabilities of outcomes of one site and its bonds do not exceed."""
    operator = physics.hamiltonian.build()
    of_sites = np.zeros(operator.n_sites)
    for term in operator.terms:
        of_sites[list(term.sites)] += 2.0 * abs(term.coefficient)
    for jump in physics.jumps.build(operator.n_sites):
        of_sites[jump.site] += jump.rate * np.linalg.norm(jump.matrix, 2) ** 2
    return float(of_sites.max()) or 1.0


def _describe_jumps(jumps: Sequence[JumpOperator], n_sites: int) -> JumpSettings:
    """Returns jumps by matrix, with a rate for each site; those of one matrix stand together."""
    values: dict[str, object] = {}
    kinds: list[tuple[np.ndarray, list[float]]] = []
    for jump in jumps:
        same = (rates for matrix, rates in kinds if np.array_equal(matrix, jump.matrix))
        free = next((rates for rates in same if math.isnan(rates[jump.site])), None)
        if free is None:
            free = [math.nan] * n_sites
            kinds.append((jump.matrix, free))
        free[jump.site] = jump.rate
    for number, (matrix, rates) in enumerate(kinds):
        given = [0.0 if math.isnan(rate) else rate for rate in rates]
        values[f"jump_{number + 1}"] = {"matrix": matrix.tolist(), "rate": given}
    return JumpSettings(values)
