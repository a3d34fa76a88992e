"""The model card that travels inside every exported distribution of outcomes."""

import math
from collections.abc import Mapping
from typing import Any

import keras

from qtf import __version__
from qtf.export.wave_function_card import list_settings
from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.runs.settings import PhysicsSettings
from qtf.open_systems.settings import STARTS
from qtf.physics import Povm

TEMPLATE = """# Outcomes of measurements on {n_sites} spins

The density matrix of an open system as probabilities of the outcomes of one measurement on every
spin, normalised and sampled exactly. Written by qtf {version}.

| fact | value |
| --- | --- |
| Hamiltonian | {hamiltonian} |
| rates of the jumps of every spin | {jumps} |
| start | {start} |
| state | {state} |
| measurement | {measurement} |
| sites | {n_sites} |
| network | {network} |
| orders of the sites that are averaged | {n_strings} |
| runs that are averaged | {n_runs} |
| weights | {n_weights} |
| largest number of rows of a request | {max_samples} |

## Inputs and outputs

Outcomes are by site, 0 to 3. A seed is any integer of 64 bits.

- `log_prob`: outcomes int32 (batch, {n_sites}) -> log_prob float32 (batch,)
- `sample`: seed int64 (batch,) -> outcomes (batch, {n_sites}), log_prob; one sample of p for each
  seed, the same whatever else is in the batch
- `observables`: seed int64 (batch,) -> x, y, z, averaged over sites, and xx, yy, zz, averaged over
  bonds of neighbours, each (batch,), of the same samples; their mean is the estimate

## Other observables

<O> is the mean over samples of a product over sites: for each Pauli matrix in O the number that
belongs to the outcome of its site.

| Pauli matrix | outcome 0 | 1 | 2 | 3 |
| --- | --- | --- | --- | --- |
{values}

## Limits

An approximation by a network: errors grow with time, and not every distribution belongs to a
density matrix: means beyond -1 and 1 are a sign of an error. Single samples may lie far beyond
them. Equal seeds give equal samples: take new ones for new samples.
"""


def outcome_card(
    distribution: keras.Model,
    povm: Povm,
    config: Mapping[str, Any],
    *,
    time: float | None,
    max_samples: int,
) -> str:
    """Returns the card as Markdown.

    Args:
        distribution: Distribution of the outcomes, or the mean of several.
        povm: The measurement.
        config: Configuration of the run, with `physics`, `start`, `measurement` and `network`.
        time: Time at which the system has this distribution; None: in its steady state.
        max_samples: Largest number of rows of one request.
    """
    is_mean = isinstance(distribution, AveragedDistribution)
    members = distribution.distributions if is_mean else [distribution]
    physics = PhysicsSettings.from_mapping(config["physics"])
    return TEMPLATE.format(
        version=__version__,
        n_sites=distribution.n_sites,
        hamiltonian=list_settings(physics.hamiltonian.as_mapping()),
        jumps=list_settings(physics.jumps.as_mapping()),
        start=_describe_start(config),
        state="steady" if time is None else f"at time {time:g}",
        measurement=config["measurement"],
        network=list_settings(config["network"]),
        n_strings=", ".join(str(n) for n in sorted({member.n_strings for member in members})),
        n_runs=len(members),
        n_weights=sum(math.prod(variable.shape) for variable in distribution.variables),
        max_samples=max_samples,
        values="\n".join(_row(pauli, povm) for pauli in "XYZ"),
    )


def _describe_start(config: Mapping[str, Any]) -> str:
    angles, start = config.get("start_angles"), config["start"]
    if angles is not None:
        pairs = ", ".join(f"({theta:g}, {phi:g})" for theta, phi in angles)
        return f"spins along the Bloch angles {pairs}"
    return f"all spins along {start}" if start in STARTS else start


def _row(pauli: str, povm: Povm) -> str:
    # Rounded, so that no zero has a minus sign.
    numbers = (round(float(value), 12) + 0.0 for value in povm.pauli_values(pauli))
    return f"| {pauli} | {' | '.join(f'{number:.12g}' for number in numbers)} |"
