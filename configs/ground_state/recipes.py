"""What several ground-state configurations share: how a small and how a large system is trained."""

from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

# Up to so many `sampling.every_configuration` is possible; its own constant would bring
# TensorFlow along before flags are read.
MAX_LISTED_SITES = 16


def chosen(text: str, form: str, *kinds: Callable[[str], Any]) -> list[Any]:
    """Returns what follows the colon of --config, one value for each kind.

    Raises:
        ValueError: It has not this form: more or fewer values, or one of another kind.
    """
    try:
        return [kind(part) for kind, part in zip(kinds, text.split(","), strict=True)]
    except ValueError as error:
        raise ValueError(f'What follows the colon must be {form}, but is "{text}".') from error


def one_of(*words: str) -> Callable[[str], str]:
    """Returns a function that returns one of these words, for `chosen`."""

    def checked(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return checked


def reconfiguration(
    config: ConfigDict, *, n_samples: int, n_epochs: int, learning_rate: float
) -> None:
    """Stochastic reconfiguration, for as many samples as a desktop can take."""
    config.sampling.n_samples = n_samples
    config.min_sr.diag_shift = 1e-3
    config.min_sr.momentum = 0.9
    config.training.n_epochs = n_epochs
    config.training.steps_per_epoch = 25
    config.training.optimizer.name = "sgd"
    config.training.optimizer.learning_rate = learning_rate
    config.training.optimizer.floor = 0.02 * learning_rate
    config.training.optimizer.clip_norm = 0.0


def exact_reconfiguration(config: ConfigDict) -> None:
    """Stochastic reconfiguration without samples, for up to 16 sites with all symmetries.

    Sums over all configurations find the signs of those that samples seldom hold.
    """
    config.sampling.every_configuration = True
    config.sampling.n_prefixes = 1
    # Bounds the memory of validations.
    config.sampling.chunk = 7
    config.symmetry.in_training = True
    reconfiguration(config, n_samples=512, n_epochs=10, learning_rate=0.1)
    config.min_sr.diag_shift = 1e-5
    config.training.steps_per_epoch = 10
    config.training.optimizer.warmup_steps = 10


def known_signs(config: ConfigDict) -> None:
    """What is known of unfrustrated antiferromagnets: their signs and S_z = 0."""
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = True
    config.wave_function.positive = True


def quick_growth(config: ConfigDict) -> None:
    """300 minibatches of stochastic reconfiguration for each further size."""
    config.training.optimizer.clip_norm = 5.0
    config.sampling.n_validation = 1024
    config.growth.n_steps = (300,)
    # The start is good enough for large steps.
    config.growth.learning_rates = (0.1,)
    config.growth.clip_norms = (0.0,)
    config.growth.schedule = "cosine"
    config.growth.floor = 3e-3


def iterative_retraining(config: ConfigDict) -> None:
    """Phases, penalties, samples and clipping of the iterative-retraining paper."""
    config.wave_function.phase = "sine_and_cosine"
    config.penalties.temperature = 1.0
    config.penalties.magnetization = 10.0
    config.sampling.n_samples = 100
    config.sampling.n_validation = 1000
    config.training.optimizer.beta_2 = 0.999
    config.training.optimizer.clip_norm = 1.0


def naqs(config: ConfigDict, *, depth: int, n_samples: int, n_prefixes: int, chunk: int) -> None:
    """The network, the optimiser and the first batches of the NAQS paper."""
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
