"""Holds direct samples of a trained wave function against Markov chains of the same."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from qtf.autoregressive.estimates import Estimate
from qtf.ground_states.figures import DIRECT, principal_components
from qtf.ground_states.last_part import last_part
from qtf.ground_states.markov_chain import (
    SINGLE_FLIP,
    effective_sample_size,
    potential_scale_reduction,
    sample_chain,
)
from qtf.ground_states.settings import SymmetrySettings
from qtf.ground_states.symmetries import averaged
from qtf.physics import HamiltonianSettings
from qtf.pieces import equal_pieces
from qtf.progress import announced
from qtf.run_kinds import GROUND_STATES, check_kind
from qtf.training.compilation import compiled
from qtf.training.run_folder import RunFolder
from qtf.typing import Array, Json
from trainers.compare_samplers.settings import ModesSettings

# Below it, log |psi| of a configuration says that it is impossible.
LEAST_LOG_MODULUS = -1e3
BURN_IN_SHARE = 10
SAMPLES_AT_ONCE = 1000


@dataclass(frozen=True)
class Mean:
    """A mean over samples.

    Attributes:
        mean: The mean.
        error: Standard error; None where chains never move, as the last two numbers.
        error_if_independent: Standard error of as many independent samples.
        mean_of_each: Mean of each chain.
        effective_sample_size: Number of independent samples of the same error.
        r_hat: Potential scale reduction.
    """

    mean: float
    error: float | None
    error_if_independent: float
    mean_of_each: list[float]
    effective_sample_size: float | None
    r_hat: float | None

    @classmethod
    def of(cls, values: Array) -> "Mean":
        """Returns the mean of (n_kept, n_chains) values and what tells of its error."""
        size, naive = effective_sample_size(values), Estimate.of(values.ravel())
        return cls(
            mean=naive.mean,
            error=_finite_or_none(naive.error * float(np.sqrt(values.size / size))),
            error_if_independent=naive.error,
            mean_of_each=values.mean(axis=0).tolist(),
            effective_sample_size=_finite_or_none(size),
            r_hat=_finite_or_none(potential_scale_reduction(values)),
        )


@dataclass(frozen=True)
class Samples:
    """What samples tell of the magnetisation.

    Attributes:
        n_samples: Number of samples.
        magnetization: Mean of Z.
        abs_magnetization: Mean of the modulus of the magnetisation of a sample.
    """

    n_samples: int
    magnetization: Mean
    abs_magnetization: Mean

    @classmethod
    def of(cls, bits: Array) -> "Samples":
        """Returns the summary of (n_kept, n_chains, n_sites) bits."""
        values = _spins(bits).mean(axis=-1)
        return cls(values.size, Mean.of(values), Mean.of(np.abs(values)))


def folder_of(plan: ModesSettings) -> RunFolder:
    """Returns the folder in the run that holds the weights.

    Raises:
        FileNotFoundError: There are none.
        ValueError: It is no run of a ground state.
    """
    folder = RunFolder(last_part(plan.run))
    check_kind(folder.kind, GROUND_STATES, flag="run", folder=plan.run)
    return folder


def recorded_settings(plan: ModesSettings) -> dict[str, Json]:
    """Returns the settings with a digest of the weights, which tells when they changed."""
    with folder_of(plan).trained_weights().open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {**plan.as_mapping(), "weights": digest}


def compare_modes(plan: ModesSettings) -> dict[str, Any]:
    """Samples the wave function of a run directly and by single-flip chains.

    Returns:
        "summary": magnetisations, effective sample sizes, R-hat of the direct samples, of
        all chains and of those started up; "samples": for the figure, by name, the
        "components" (n, 2) and "magnetizations" (n,) as lists.

    Raises:
        ValueError: All spins up is impossible in this wave function, or there is no average.
        FileNotFoundError: The run is missing.
    """
    folder = folder_of(plan)
    psi, config = folder.load_model(), folder.load_config()
    hamiltonian = config["physics"]["hamiltonian"]
    if plan.symmetrized:
        symmetry = SymmetrySettings.from_mapping(config["symmetry"])
        lattice = HamiltonianSettings.from_mapping(hamiltonian).lattice
        psi = averaged(psi, symmetry, lattice)
    _check_start(psi, plan.run)
    with announced("drawing direct samples"):
        direct = _draw_directly(psi, plan.n_chains * plan.n_kept, plan.seed)
    with announced(f"running {plan.n_chains} Markov chains"):
        chains, acceptance = _run_chains(psi, plan)
    n_up = plan.n_chains // 2
    summary = {
        "hamiltonian": hamiltonian,
        # Dealt to as many columns, the diagnostics see them as they see chains.
        "direct": asdict(Samples.of(direct.reshape(plan.n_kept, plan.n_chains, -1))),
        "chains": {**asdict(Samples.of(chains)), "acceptance": acceptance},
        "chains_from_up": asdict(Samples.of(chains[:, :n_up])),
    }
    samples = {DIRECT: direct}
    for number in range(plan.n_chains):
        start = "up" if number < n_up else "down"
        samples[f"chain {number + 1}, from {start}"] = chains[:, number]
    mean, directions = principal_components(direct)
    drawn = {
        name: {
            "components": ((_spins(bits) - mean) @ directions.T).round(4).tolist(),
            "magnetizations": _spins(bits).mean(axis=1).round(6).tolist(),
        }
        for name, bits in samples.items()
    }
    return {"summary": summary, "samples": drawn}


def _finite_or_none(value: float) -> float | None:
    # JSON has no NaN.
    return value if np.isfinite(value) else None


def _draw_directly(psi: keras.Model, n_samples: int, seed: int) -> Array:
    draw = compiled(psi.sample, variables=psi.variables)
    rng = np.random.default_rng(seed)
    size = min(n_samples, SAMPLES_AT_ONCE)
    parts = []
    for _ in range(equal_pieces(n_samples, size)[0]):
        uniforms = rng.random((psi.n_uniforms, size), np.dtype(psi.variables[0].dtype))
        parts.append(np.asarray(draw(keras.ops.convert_to_tensor(uniforms))))
    return np.concatenate(parts)[:n_samples]


def _run_chains(psi: keras.Model, plan: ModesSettings) -> tuple[Array, float]:
    start = np.zeros((plan.n_chains, psi.n_sites), np.int32)
    start[plan.n_chains // 2 :] = 1
    every = plan.keep_every or psi.n_sites
    dropped = plan.n_kept // BURN_IN_SHARE
    bits, acceptance = sample_chain(
        psi,
        start,
        every * (plan.n_kept + dropped),
        proposal=SINGLE_FLIP,
        keep_every=every,
        seed=plan.seed,
    )
    return bits[dropped:], acceptance


def _check_start(psi: keras.Model, run: str) -> None:
    both = np.repeat([[0], [1]], psi.n_sites, axis=1).astype(np.int32)
    if float(np.min(psi(both)[0])) < LEAST_LOG_MODULUS:
        raise ValueError(
            f"Run {run} has a wave function in which all spins cannot point up or down, from"
            " where the chains start."
        )


def _spins(bits: Array) -> Array:
    return 1.0 - 2.0 * bits
