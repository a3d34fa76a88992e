"""The models that settings can name; importing this registers their classes."""

from collections.abc import Sequence

import keras

from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.settings import ModelSettings
from qtf.dynamics.transferable_sru import TransferableSRU


def make_model(
    settings: ModelSettings, *, dt: float, n_sites: Sequence[int], seed: int = 0
) -> keras.Model:
    """Makes the model that settings describe.

    Args:
        settings: Network or local generator.
        dt: Time step of the data, which a local generator has to know.
        n_sites: Chain lengths of the data; the one of a generator whose sites differ.
        seed: Seed of the dropout masks of a network.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> settings = ModelSettings(preset="local_generator")
        >>> make_model(settings, dt=0.002, n_sites=(2, 3)).terms.size
        20
    """
    n_max = settings.n_max
    if settings.is_generator:
        chain = n_sites[0] if settings.belongs_to_one_chain else None
        return LocalGenerator(dt, n_max=n_max, n_sites=chain, **settings.given())
    return TransferableSRU.from_preset(settings.preset, n_max=n_max, seed=seed, **settings.given())
