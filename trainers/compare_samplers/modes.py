"""Holds direct samples of a trained wave function against Markov chains of the same."""

import dataclasses
import hashlib
from typing import Any

import keras
import numpy as np

from qtf.autoregressive.estimates import Estimate
from qtf.checks import COUNT_OR_0, SEED, Number, check_arguments
from qtf.ground_states.figures import DIRECT, principal_components
from qtf.ground_states.last_part import last_part
from qtf.ground_states.markov_chain import (
    MIN_KEPT,
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

# Below it, log |psi| of a configuration says that it is impossible.
LEAST_LOG_MODULUS = -1e3
BURN_IN_SHARE = 10
SAMPLES_AT_ONCE = 1000


@dataclasses.dataclass(frozen=True)
class ModesPlan:
    """How one wave function is sampled in two ways.

    Attributes:
        run: Run folder of `trainers.ground_state`, whose best weights are taken: after a
            refinement the refined ones, of a growth those of its largest size.
        n_chains: Chains; one half starts with all spins up, the other with all down.
        n_kept: Configurations kept of each chain, after a tenth as many that are dropped;
            as many direct samples are drawn as are kept of all chains.
        keep_every: Steps of a chain from one kept configuration to the next; 0: a sweep.
        seed: Of all samples.
        symmetrized: Whether its average over the run's `symmetry.group` is sampled instead.
    """

    run: str
    n_chains: int = 4
    n_kept: int = 1000
    keep_every: int = 0
    seed: int = 0
    symmetrized: bool = False

    def __post_init__(self) -> None:
        if self.n_chains < 4 or self.n_chains % 2:
            raise ValueError(
                f"Argument `n_chains` must be even and at least 4, but is {self.n_chains}."
            )
        check_arguments(Number(least=MIN_KEPT, integer=True), n_kept=self.n_kept)
        check_arguments(COUNT_OR_0, keep_every=self.keep_every)
        check_arguments(SEED, seed=self.seed)

    @property
    def folder(self) -> RunFolder:
        """The folder in `run` that holds the weights.

        Raises:
            FileNotFoundError: There are none.
            ValueError: It is no run of a ground state.
        """
        folder = RunFolder(last_part(self.run))
        check_kind(folder.kind, GROUND_STATES, flag="run", folder=self.run)
        return folder

    def settings(self) -> dict[str, Any]:
        """Returns the plan with a digest of the weights, which tells when they changed."""
        with self.folder.trained_weights().open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {**dataclasses.asdict(self), "weights": digest}


def compare_modes(plan: ModesPlan) -> dict[str, Any]:
    """Samples the wave function of a run directly and by single-flip chains.

    Returns:
        "summary": magnetisations, effective sample sizes, R-hat of the direct samples, of
        all chains and of those started up; "samples": for the figure, by name, the
        "components" (n, 2) and "magnetizations" (n,) as lists.

    Raises:
        ValueError: All spins up is impossible in this wave function, or there is no average.
        FileNotFoundError: The run is missing.
    """
    folder = plan.folder
    psi, config = folder.load_model(), folder.load_config()
    hamiltonian = config["physics"]["hamiltonian"]
    if plan.symmetrized:
        symmetry = SymmetrySettings.from_mapping(config["symmetry"])
        lattice = HamiltonianSettings.from_mapping(hamiltonian).lattice
        psi = averaged(psi, symmetry, lattice)
    _check_start(psi, plan.run)
    with announced("drawing direct samples"):
        direct = _direct_samples(psi, plan.n_chains * plan.n_kept, plan.seed)
    with announced(f"running {plan.n_chains} Markov chains"):
        chains, acceptance = _chains(psi, plan)
    n_up = plan.n_chains // 2
    summary = {
        "hamiltonian": hamiltonian,
        # Dealt to as many columns, the diagnostics see them as they see chains.
        "direct": _summary(direct.reshape(plan.n_kept, plan.n_chains, -1)),
        "chains": {**_summary(chains), "acceptance": acceptance},
        "chains_from_up": _summary(chains[:, :n_up]),
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


def _summary(bits: np.ndarray) -> dict[str, Any]:
    """Returns means of (n_kept, n_chains, n_sites) bits, their errors and diagnostics."""
    values = _spins(bits).mean(axis=-1)
    found: dict[str, Any] = {"n_samples": values.size}
    for name, observable in (("magnetization", values), ("abs_magnetization", np.abs(values))):
        size = effective_sample_size(observable)
        naive = Estimate.of(observable.ravel())
        found[name] = {
            "mean": naive.mean,
            "error": _known(naive.error * float(np.sqrt(values.size / size))),
            "error_if_independent": naive.error,
            "effective_sample_size": _known(size),
            "r_hat": _known(potential_scale_reduction(observable)),
            "mean_of_each": observable.mean(axis=0).tolist(),
        }
    return found


def _known(value: float) -> float | None:
    """Returns a number, or None for what chains that never move do not tell; JSON has no NaN."""
    return value if np.isfinite(value) else None


def _direct_samples(psi: keras.Model, n_samples: int, seed: int) -> np.ndarray:
    draw = compiled(psi.sample, variables=psi.variables)
    rng = np.random.default_rng(seed)
    size = min(n_samples, SAMPLES_AT_ONCE)
    parts = []
    for _ in range(equal_pieces(n_samples, size)[0]):
        uniforms = rng.random((psi.n_uniforms, size), np.dtype(psi.variables[0].dtype))
        parts.append(np.asarray(draw(keras.ops.convert_to_tensor(uniforms))))
    return np.concatenate(parts)[:n_samples]


def _chains(psi: keras.Model, plan: ModesPlan) -> tuple[np.ndarray, float]:
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


def _spins(bits: np.ndarray) -> np.ndarray:
    return 1.0 - 2.0 * bits
