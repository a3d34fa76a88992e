"""What the configurations of open systems share."""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.open_systems.runs.settings import MAX_LISTED_SITES, OpenSystemSettings

# Up to so many, natural gradients of all outcomes are affordable on a desktop.
MAX_FOLLOWED_SITES = 6


def make_paper_config(*, n_sites: int) -> ConfigDict:
    """Returns the Transformer of the paper, and samples where all outcomes would be too many."""
    config = config_dict(OpenSystemSettings())
    config.network.update(units=32, n_layers=1, n_attention_heads=1, feed_forward_units=16)
    config.network.update(norm_last=True, sinusoidal=True)
    if n_sites > MAX_LISTED_SITES:
        config.objective.every_outcome = False
        # Bounds the memory.
        config.sampling.chunk = 8
    return config


def make_ising_chain(*, n_sites: int, field: float) -> ConfigDict:
    """Returns the periodic chain H = (1/2) sum ZZ + (FIELD/2) sum X that decays."""
    config = make_paper_config(n_sites=n_sites)
    config.physics.hamiltonian = {
        "name": "ising",
        "lattice": "chain",
        "n_sites": n_sites,
        "periodic": True,
        # The library's Ising model has minus signs.
        "coupling": -0.5,
        "transverse_field": -field / 2.0,
        "longitudinal_field": 0.0,
    }
    return config


def make_heisenberg_chain(*, n_sites: int, energy: float) -> ConfigDict:
    """Returns the periodic chain H = ENERGY (sum (2 XX + ZZ) + sum Z) that decays from <Y> = -1."""
    config = make_paper_config(n_sites=n_sites)
    config.physics.hamiltonian = {
        "name": "xyz",
        "lattice": "chain",
        "n_sites": n_sites,
        "periodic": True,
        "coupling_x": 2.0 * energy,
        "coupling_y": 0.0,
        "coupling_z": energy,
        "field": energy,
    }
    config.start = "-y"
    return config


def make_heisenberg_square(*, side: int, coupling: float, n_strings: int) -> ConfigDict:
    """Returns the periodic square H = sum (0.9 XX + COUPLING YY + ZZ) that decays from all up."""
    config = make_paper_config(n_sites=side * side)
    config.physics.hamiltonian = {
        "name": "xyz",
        "lattice": "square",
        "n_rows": side,
        "n_columns": side,
        "periodic": True,
        "coupling_x": 0.9,
        "coupling_y": coupling,
        "coupling_z": 1.0,
    }
    config.strings = n_strings
    return config


def follow_in_time(config: ConfigDict, *, n_sites: int) -> None:
    """Asks for steps of time by natural gradients, which solve each of them to the last digits.

    On larger systems by Adam with the steps of the paper, for which chi squared settles better.
    """
    config.objective.norm = "chi2"
    config.training.optimizer.learning_rate = 3e-3
    if n_sites <= MAX_FOLLOWED_SITES:
        config.training.steps_per_epoch = 10
        _use_natural_gradient(config, diag_shift=1e-5)


def search_steady_state(config: ConfigDict, *, n_epochs: int) -> None:
    """Asks for a search for the steady state alone, 100 steps an epoch."""
    config.steady_state.n_epochs = n_epochs
    config.training.update(n_epochs=n_epochs, steps_per_epoch=100)
    config.training.optimizer.update(schedule="cosine", floor=1e-4)


def follow_to_rest(config: ConfigDict) -> None:
    """Asks for steps of time by natural gradients until nothing changes any more.

    Sums are over all outcomes, derivatives of some of them. Shorter and shorter steps average
    what that leaves to chance.
    """
    config.dynamics.tau = 0.01
    config.sampling.n_samples = 2048
    config.steady_state.n_epochs = 10
    config.training.update(n_epochs=10, steps_per_epoch=25)
    _use_natural_gradient(config, diag_shift=1e-3)
    config.training.optimizer.update(schedule="cosine", floor=0.05)


def use_gauss_newton(config: ConfigDict, *, units: int) -> None:
    """Asks for steps of Gauss and Newton, for which recurrent networks are best."""
    _use_recurrent_network(config, units=units)
    config.gauss_newton.damping = 1e-4
    config.training.precision = "float64"
    config.training.optimizer.update(name="sgd", learning_rate=1.0, schedule="constant")


def follow_to_tolerance(
    config: ConfigDict, *, units: int, interval: float, n_intervals: int
) -> None:
    """Asks for exact steps of time, each projected on the network within a tolerance."""
    use_gauss_newton(config, units=units)
    config.gauss_newton.damping = 1e-6
    config.dynamics.update(tau=interval / 2.0, tolerance=1e-4)
    config.training.update(n_epochs=n_intervals, steps_per_epoch=1)


def follow_samples_to_rest(config: ConfigDict, *, units: int) -> None:
    """Asks for steps of time by natural gradients of samples alone, until nothing changes.

    Shorter and shorter steps average what samples leave to chance.
    """
    _use_recurrent_network(config, units=units)
    config.objective.every_outcome = False
    config.sampling.update(n_samples=2048, chunk=0)
    config.dynamics.tau = 0.05
    config.steady_state.n_epochs = 12
    config.training.update(n_epochs=12, steps_per_epoch=25)
    _use_natural_gradient(config, diag_shift=1e-3)
    # What the samples of a step say nothing about is taken from those before.
    config.natural_gradient.momentum = 0.8
    config.training.optimizer.update(schedule="cosine", floor=0.1)


def _use_recurrent_network(config: ConfigDict, *, units: int) -> None:
    for name in ("n_layers", "n_attention_heads", "feed_forward_units", "norm_last", "sinusoidal"):
        config.network[name] = None
    config.network.update(name="gru", units=units, activation="silu")


def _use_natural_gradient(config: ConfigDict, *, diag_shift: float) -> None:
    config.objective.norm = "chi2"
    config.natural_gradient.diag_shift = diag_shift
    # A whole step of time.
    config.training.optimizer.update(name="sgd", learning_rate=1.0, schedule="constant")
