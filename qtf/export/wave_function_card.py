"""The model card that travels inside every exported wave function."""

import math
from collections.abc import Mapping
from typing import Any

import keras

from qtf import __version__
from qtf.ground_states.symmetries import SymmetricWaveFunction

TEMPLATE = """# Wave function of {n_sites} spins

An approximation of a {state} by variational Monte Carlo, normalised and sampled exactly.
Written by qtf {version}.

| fact | value |
| --- | --- |
| Hamiltonian | {hamiltonian} |
| sites | {n_sites} |
| network | {network} |
| wave function | {wave_function} |
| weights | {n_weights} |
| largest number of configurations of a request | {max_samples} |

## Inputs and outputs

Bits are by site; 0 is spin up (Z = +1). A seed is any integer of 64 bits.

- `log_psi`: bits int32 (batch, {n_sites}) -> log_modulus, phase, each float32 (batch,);
  psi = exp(log_modulus + i phase)
- `sample`: seed int64 (batch,) -> bits (batch, {n_sites}), log_modulus, phase; one sample of
  |psi|^2 for each seed, the same whatever else is in the batch
- `observables`: seed int64 (batch,) -> local_energy_re, local_energy_im, magnetization,
  abs_magnetization, each (batch,), of the same samples; their mean is the estimate

## Limits

A variational state: its energy lies above the ground energy, and other observables may be further
off than the energy. The mean of |local energy - energy|^2 is the variance of the energy, which is
0 for an exact eigenstate only. Equal seeds give equal samples: take new ones for new samples.
{zeros}"""

ZEROS = """psi vanishes where other than {n_down} spins are down: log_modulus is about -5000 there,
or less, and its exponential is 0.
"""


def wave_function_card(psi: keras.Model, config: Mapping[str, Any], max_samples: int) -> str:
    """Returns the card as Markdown.

    Args:
        psi: The wave function.
        config: Configuration of the run, with `physics`, `network` and `wave_function`.
        max_samples: Largest number of configurations of one request.
    """
    n_down = psi.sector().n_down
    return TEMPLATE.format(
        version=__version__,
        state="state above others" if config.get("orthogonal_to") else "ground state",
        n_sites=psi.n_sites,
        hamiltonian=list_settings(config["physics"]["hamiltonian"]),
        network=list_settings(config["network"]),
        wave_function=list_settings(config["wave_function"]) + _describe_average(psi),
        n_weights=sum(math.prod(variable.shape) for variable in psi.variables),
        max_samples=max_samples,
        zeros="" if n_down is None else ZEROS.format(n_down=n_down),
    )


def _describe_average(psi: keras.Model) -> str:
    if not isinstance(psi, SymmetricWaveFunction):
        return ""
    return f", averaged over {psi.n_symmetries} symmetries"


def list_settings(settings: Mapping[str, object]) -> str:
    """Returns the settings that are not None in one line."""
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)
