"""What several ground-state configurations share: how a small and how a large system is trained."""

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.configuration import config_dict
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.ground_states.settings import MAX_LISTED_SITES

# Up to this side of a square stochastic reconfiguration is affordable on a desktop.
MAX_SMALL_SIDE = 6


def start(name: str, **values: object) -> ConfigDict:
    """Returns the default configuration for a Hamiltonian, whose edges a flag may close."""
    config = config_dict(GroundStateSettings())
    config.physics.hamiltonian = {"name": name, "periodic": placeholder(bool), **values}
    return config


def start_chain(n_sites: int) -> ConfigDict:
    """Returns the default configuration for the open Heisenberg chain, with the GRU."""
    config = start("heisenberg", lattice="chain", n_sites=n_sites, coupling=1.0, units="spin")
    config.network.name = "gru"
    return config


def start_square(side: int) -> ConfigDict:
    """Returns the default configuration for the Heisenberg antiferromagnet on an open square."""
    sides = {"n_rows": side, "n_columns": side}
    return start("heisenberg", lattice="square", **sides, coupling=1.0, units="spin")


def use_reconfiguration(
    config: ConfigDict, *, n_samples: int, n_epochs: int, learning_rate: float
) -> None:
    """Takes steps of stochastic reconfiguration, for as many samples as a desktop can take."""
    config.sampling.n_samples = n_samples
    config.min_sr.diag_shift = 1e-3
    config.min_sr.momentum = 0.9
    config.training.n_epochs = n_epochs
    config.training.steps_per_epoch = 25
    config.training.optimizer.name = "sgd"
    config.training.optimizer.learning_rate = learning_rate
    config.training.optimizer.floor = 0.02 * learning_rate
    config.training.optimizer.clip_norm = 0.0


def use_exact_reconfiguration(config: ConfigDict) -> None:
    """Takes steps of reconfiguration without samples, for up to 16 sites with all symmetries.

    Sums over all configurations find the signs of those that samples seldom hold.
    """
    config.sampling.every_configuration = True
    config.sampling.n_prefixes = 1
    # Bounds the memory of validations.
    config.sampling.chunk = 7
    config.symmetry.in_training = True
    use_reconfiguration(config, n_samples=512, n_epochs=10, learning_rate=0.1)
    config.min_sr.diag_shift = 1e-5
    config.training.steps_per_epoch = 10
    config.training.optimizer.warmup_steps = 10


def learn_signs_from_samples(config: ConfigDict) -> None:
    """Takes steps of reconfiguration on samples, some of them moved to rare configurations."""
    config.network.name = "gated_2d"
    config.network.units = 32
    # Those of a larger square are another network's.
    config.network.width = config.network.depth = config.network.residual = None
    config.wave_function.order = "snake"
    use_reconfiguration(config, n_samples=512, n_epochs=60, learning_rate=0.1)
    config.sampling.blur = 0.3
    config.sampling.chunk = 8
    config.sampling.n_prefixes = 4
    config.min_sr.diag_shift = 1e-4
    config.training.steps_per_epoch = 50


def use_known_signs(config: ConfigDict) -> None:
    """Builds in what is known of unfrustrated antiferromagnets: their signs and S_z = 0."""
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = True
    config.wave_function.positive = True


def grow_quickly(config: ConfigDict) -> None:
    """Takes 300 minibatches of stochastic reconfiguration for each further size."""
    config.training.optimizer.clip_norm = 5.0
    config.sampling.n_validation = 1024
    config.growth.n_steps = (300,)
    # The start is good enough for large steps.
    config.growth.learning_rates = (0.1,)
    config.growth.clip_norms = (0.0,)
    config.growth.schedule = "cosine"
    config.growth.floor = 3e-3


def retrain_iteratively(config: ConfigDict) -> None:
    """Takes phases, penalties, samples and clipping of roth2020."""
    config.wave_function.phase = "sine_and_cosine"
    config.penalties.temperature = 1.0
    config.penalties.magnetization = 10.0
    config.sampling.n_samples = 100
    config.sampling.n_validation = 1000
    config.training.optimizer.beta_2 = 0.999
    config.training.optimizer.clip_norm = 1.0


def train_pixelcnn(
    config: ConfigDict, *, depth: int, n_samples: int, n_prefixes: int, chunk: int
) -> None:
    """Takes the network, the optimiser and the first batches of sharir2020."""
    config.network.name = "pixelcnn"
    config.network.width = 32
    config.network.depth = depth
    config.sampling.n_samples = n_samples
    config.sampling.n_validation = 1024
    config.sampling.n_prefixes = n_prefixes
    # Bounds the memory.
    config.sampling.chunk = chunk
    config.training.n_epochs = 1000
    config.training.steps_per_epoch = 50
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "constant"
    config.training.optimizer.beta_2 = 0.9


def train_square(side: int, *, signs_known: bool) -> ConfigDict:
    """Returns how the Heisenberg antiferromagnet is trained, with or without Marshall's rule."""
    config = start_square(side)
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = signs_known
    # The ground state is positive but for the rule.
    config.wave_function.positive = signs_known
    config.symmetry.group = "lattice_and_flip"
    if side > MAX_SMALL_SIDE:
        train_pixelcnn(config, depth=21, n_samples=1024, n_prefixes=side, chunk=4)
        config.network.residual = True
    elif signs_known:
        config.network.name = "gru"
        config.network.units = 64
        config.wave_function.order = "snake"
        use_reconfiguration(config, n_samples=1024, n_epochs=80, learning_rate=0.05)
    else:
        _learn_signs(config)
    return config


def _learn_signs(config: ConfigDict) -> None:
    # Signs depend on the place, which only this network is told. While the temperature is high
    # all spins are about equally likely, and signs are found before probabilities.
    config.network.name = "transformer"
    config.network.units = 16
    config.network.n_layers = 2
    config.penalties.temperature = 10.0
    # What is left of it at the end is an error of the energy.
    config.penalties.temperature_decay = 0.1
    # On so few sites it is faster to evaluate all of them at once.
    config.sampling.n_prefixes = 1
    use_reconfiguration(config, n_samples=512, n_epochs=40, learning_rate=0.06)
    if config.physics.hamiltonian.n_rows**2 <= MAX_LISTED_SITES:
        # Once most signs are right, sums over all configurations find the others.
        config.refinement.n_epochs = 5
