"""Calls to models that are sampled; `serving.client.client.Client` has their words."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from serving.client.calls import Call, Outputs, Target, metadata, one_version, predict
from serving.client.errors import unusable_answer
from serving.client.sampled import (
    GroundState,
    OpenSystem,
    Samples,
    checked_n_samples,
    checked_output_rows,
    checked_rows,
    column,
    seeds_of,
)

# Rows of a request, unless told otherwise; exports take 4096.
_MOST_ROWS = 1024
_GROUND_STATE = ("local_energy_re", "local_energy_im", "magnetization", "abs_magnetization")
_OPEN_SYSTEM = ("x", "y", "z")


def ground_state(target: Target, n_samples: int, seed: int) -> Call[GroundState]:
    """Asks for energy and magnetisations of a wave function."""
    measured = yield from _measured(target, "bits", _GROUND_STATE, n_samples, seed)
    values, version, n_sites = measured
    return GroundState.of(values, n_sites, version)


def open_system(target: Target, n_samples: int, seed: int) -> Call[OpenSystem]:
    """Asks for <X>, <Y>, <Z> and correlators of an open system."""
    measured = yield from _measured(target, "outcomes", _OPEN_SYSTEM, n_samples, seed)
    values, version, _ = measured
    return OpenSystem.of(values, version)


def sample(target: Target, n_samples: int, seed: int) -> Call[Samples]:
    """Asks for samples of a wave function or an open system."""
    inputs = {"seed": seeds_of(seed, checked_n_samples(n_samples))}
    outputs, version = yield from _in_pieces(target, "sample", inputs)
    is_open = "outcomes" in outputs
    values = checked_output_rows(outputs, "outcomes" if is_open else "bits", n_samples)
    logs = column(outputs, "log_prob" if is_open else "log_modulus", n_samples)
    phase = None if is_open else column(outputs, "phase", n_samples)
    log_prob = logs.astype(np.float64) * (1.0 if is_open else 2.0)
    return Samples(values, log_prob, phase, version)


def log_psi(target: Target, bits: ArrayLike) -> Call[np.ndarray]:
    """Asks for the logarithms of a wave function."""
    rows = checked_rows("bits", bits)
    outputs, _ = yield from _in_pieces(target, "log_psi", {"bits": rows})
    modulus, phase = (column(outputs, name, len(rows)) for name in ("log_modulus", "phase"))
    return modulus.astype(np.float64) + 1j * phase.astype(np.float64)


def log_prob(target: Target, outcomes: ArrayLike) -> Call[np.ndarray]:
    """Asks for the logarithms of the probabilities of an open system."""
    rows = checked_rows("outcomes", outcomes)
    outputs, _ = yield from _in_pieces(target, "log_prob", {"outcomes": rows})
    return column(outputs, "log_prob", len(rows)).astype(np.float64)


def _measured(
    target: Target, rows: str, names: Sequence[str], n_samples: int, seed: int
) -> Call[tuple[Outputs, int | None, int]]:
    """Asks for values of samples; returns them, the version, and the number of sites.

    Args:
        target: Whom.
        rows: What samples are called, whose width is the number of sites.
        names: Values that there must be.
        n_samples: Number of samples.
        seed: As the caller says.
    """
    inputs = {"seed": seeds_of(seed, checked_n_samples(n_samples))}
    signature = (yield from metadata(target.model)).signatures.get("sample")
    drawn = None if signature is None else signature.outputs.get(rows)
    shape = None if drawn is None else drawn.shape
    if not shape or shape[-1] is None:
        raise unusable_answer(f"no signature `sample` with `{rows}` of a fixed width.")
    outputs, version = yield from _in_pieces(target, "observables", inputs)
    found = {name: column(outputs, name, n_samples) for name in {*names, *outputs}}
    return found, version, shape[-1]


def _in_pieces(
    target: Target, signature: str, inputs: Mapping[str, np.ndarray]
) -> Call[tuple[Outputs, int | None]]:
    """Calls a signature whose rows do not depend on one another, some rows at a time."""
    ((name, rows),) = inputs.items()
    size = target.max_batch or _MOST_ROWS
    starts = range(0, len(rows), size)
    model = yield from one_version(target.model, len(starts))
    answers = []
    for start in starts:
        piece = {name: rows[start : start + size]}
        answers.append((yield from predict(model, signature, piece)))
    outputs = {key: np.concatenate([answer[key] for answer, _ in answers]) for key in answers[0][0]}
    return outputs, answers[0][1]
