"""What the configurations of open systems share."""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from trainers.open_system.settings import MAX_LISTED_SITES, OpenSystemSettings

# Up to so many, natural gradients of all outcomes are affordable on a desktop.
MAX_FOLLOWED_SITES = 6


def paper_network(*, units: int = 32, n_layers: int = 1, n_sites: int) -> ConfigDict:
    """The Transformer of the paper, and samples where all outcomes would be too many."""
    config = config_dict(OpenSystemSettings())
    config.network.units = units
    config.network.n_layers = n_layers
    config.network.n_attention_heads = 1
    config.network.feed_forward_units = 16
    config.network.norm_last = True
    config.network.sinusoidal = True
    if n_sites > MAX_LISTED_SITES:
        config.objective.every_outcome = False
        # Bounds the memory.
        config.sampling.chunk = 8
    return config


def decaying_heisenberg_chain(*, n_sites: int, energy: float) -> ConfigDict:
    """The periodic Heisenberg chain, H = ENERGY (sum (2 XX + ZZ) + sum Z), from <Y> = -1."""
    config = paper_network(n_sites=n_sites)
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


def followed_in_time(config: ConfigDict, *, n_sites: int) -> None:
    """Steps of time by natural gradients, which solve each of them to the last digits.

    On larger systems Adam with the steps of the paper, for which chi squared settles better.
    """
    config.objective.norm = "chi2"
    config.training.optimizer.learning_rate = 3e-3
    if n_sites <= MAX_FOLLOWED_SITES:
        config.training.steps_per_epoch = 10
        _natural_gradient(config, diag_shift=1e-5)


def steady_state(config: ConfigDict, *, n_epochs: int) -> None:
    """A search for the steady state alone, 100 steps an epoch."""
    config.steady_state.n_epochs = n_epochs
    config.training.n_epochs = n_epochs
    config.training.steps_per_epoch = 100
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.floor = 1e-4


def followed_to_rest(config: ConfigDict) -> None:
    """Steps of time without end by natural gradients, until nothing changes any more.

    Sums are over all outcomes, derivatives of some of them. Shorter and shorter steps average
    what that leaves to chance.
    """
    config.dynamics.tau = 0.01
    config.sampling.n_samples = 2048
    config.steady_state.n_epochs = config.training.n_epochs = 10
    config.training.steps_per_epoch = 25
    _natural_gradient(config, diag_shift=1e-3)
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.floor = 0.05


def _natural_gradient(config: ConfigDict, *, diag_shift: float) -> None:
    config.objective.norm = "chi2"
    config.natural_gradient.diag_shift = diag_shift
    config.training.optimizer.name = "sgd"
    # A whole step of time.
    config.training.optimizer.learning_rate = 1.0
    config.training.optimizer.schedule = "constant"
