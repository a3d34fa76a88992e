"""Sums over all configurations, for systems that are small enough."""

import numpy as np
from keras import ops

from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.physics import PauliSum, all_bits
from qtf.pieces import in_pieces, rows_at_once
from qtf.progress import announced
from qtf.training.compilation import compiled
from qtf.typing import Array

# All configurations of so many sites take a minute or so.
MAX_LISTED_SITES = 20
# Evaluations at once, images counted: more are no faster.
LARGEST_PIECE = 4096


def state_vector(psi: SampledWaveFunction, *, xla: bool = True) -> Array:
    """Returns all amplitudes of a wave function.

    Args:
        psi: The wave function.
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
    size = min(max(1, LARGEST_PIECE // psi.n_symmetries), rows_at_once(psi.evaluation_bytes))
    run = compiled(lambda bits: psi(bits), variables=psi.variables, xla=xla)
    with announced("amplitudes of all configurations", len(every)) as activity:
        log_modulus, phase = in_pieces(
            lambda bits: run(ops.convert_to_tensor(bits)), every, size, advance=activity.advance
        )
    return np.exp(log_modulus.astype(np.float64) + 1j * phase.astype(np.float64))


def variational_energy(
    psi: SampledWaveFunction, hamiltonian: PauliSum, *, xla: bool = True
) -> float:
    """Returns <psi| H |psi> without statistical error; arguments as above.

    Raises:
        ValueError: There are more than `MAX_LISTED_SITES` sites.
    """
    vector = state_vector(psi, xla=xla)
    norm = np.vdot(vector, vector).real
    return float(np.vdot(vector, hamiltonian.apply(vector)).real / norm)
