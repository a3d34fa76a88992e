"""The model card that travels inside every exported model."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtf import __version__
from qtf.dynamics.transferable_sru import TransferableSRU

TEMPLATE = """# Transferable SRU for spin-chain dynamics

Predicts psi(t + dt) from psi(t) and a memory, again and again, for systems of {n_sites}
spins. Written by qtf {version}.

| fact | value |
| --- | --- |
| Hamiltonian | {hamiltonian} |
| time step dt (hbar = 1) | {dt} |
| initial states it was trained on | {initial_states} |
| weights | {n_weights} |
| predicts | {predicts} |
| largest n_steps of a request | {max_steps} |

## Inputs and outputs

Basis: index = bit string with spin 1 as the most significant bit, bit 0 is spin up (Z = +1).
States are two float32 arrays, real and imaginary part, (batch, 2**n), normalised to 1.

- `rollout`: psi0_re, psi0_im, n_steps (batch,) -> psi_re, psi_im (batch, n_steps + 1, 2**n)
- `observables`: the same inputs -> norm, energy, magnetization_x, magnetization_y,
  magnetization_z, each (batch, n_steps + 1); all but the norm of the normalised states
- `step`: psi_re, psi_im, cells (batch, {n_layers}, {units}), zeros at first -> the same, one
  dt later

## Limits

An approximation learned from trajectories: errors grow with the number of steps, and nothing
is promised for other Hamiltonians, other time steps, other laws of initial states or other n.
For a single small system exact diagonalisation is faster and exact.
"""


def model_card(
    model: TransferableSRU, config: Mapping[str, Any], n_sites: Sequence[int], max_steps: int
) -> str:
    """Returns the card as Markdown.

    Args:
        model: The network.
        config: Configuration of the run, with its `physics`.
        n_sites: Numbers of spins that it was trained for.
        max_steps: Largest number of steps of one request.
    """
    physics = config["physics"]
    return TEMPLATE.format(
        n_sites=", ".join(map(str, n_sites)),
        version=__version__,
        hamiltonian=", ".join(f"{key} {value}" for key, value in physics["hamiltonian"].items()),
        dt=physics["dt"],
        initial_states=physics["initial_states"],
        n_weights=model.count_params(),
        predicts=model.predicts,
        max_steps=max_steps,
        n_layers=model.n_layers,
        units=model.units,
    )
