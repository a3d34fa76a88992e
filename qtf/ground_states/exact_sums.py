"""Sums over all configurations, for systems that are small enough."""

from typing import Any

import numpy as np
from keras import ops

from qtf.physics import PauliSum, all_bits
from qtf.training.compilation import compiled

# All configurations of so many sites take a minute or so.
MAX_LISTED_SITES = 20
BATCH = 4096


def state_vector(psi: Any, *, xla: bool = True) -> np.ndarray:
    """Returns all amplitudes of a wave function.

    Args:
        psi: Any wave function of this room.
        xla: Whether XLA compiles its evaluation.

    Returns:
        complex128 (2**n_sites,); the first site is the most significant bit.

    Raises:
        ValueError: There are more than `MAX_LISTED_SITES` sites.
    """
    n_sites = psi.n_sites
    if n_sites > MAX_LISTED_SITES:
        raise ValueError(
            f"All configurations are listed up to {MAX_LISTED_SITES} sites, but there are"
            f" {n_sites}."
        )
    every = all_bits(n_sites).astype(np.int32)
    # A power of 2, as the number of configurations is.
    n_images = getattr(psi, "n_symmetries", 1)
    size = min(len(every), BATCH >> (n_images - 1).bit_length())
    run = compiled(lambda bits: psi(bits), variables=psi.variables, xla=xla)
    parts = [run(ops.convert_to_tensor(part)) for part in np.split(every, len(every) // size)]
    log_modulus, phase = (
        np.concatenate([np.asarray(part, np.float64) for part in column])
        for column in zip(*parts, strict=True)
    )
    return np.exp(log_modulus + 1j * phase)


def variational_energy(psi: Any, hamiltonian: PauliSum, *, xla: bool = True) -> float:
    """Returns <psi| H |psi> without statistical error; arguments as above.

    Raises:
        ValueError: There are more than `MAX_LISTED_SITES` sites.
    """
    vector = state_vector(psi, xla=xla)
    norm = np.vdot(vector, vector).real
    return float(np.vdot(vector, hamiltonian.apply(vector)).real / norm)
