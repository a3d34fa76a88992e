"""Prepares a trained network for a chain of one more spin, from its weights alone.

Transfer needs rows of the tables that training has never touched, and in a network of its own
right nothing says how they relate to the rest. Left at their initial values they disturb what
the network knows: fine-tuning is then hardly better than training from scratch. What is known
of the longer chain is that most of it is the shorter one. So the new rows are made such that
the longer chain starts as the shorter one beside an idle first spin, which is basis states
0 .. 2**n - 1 (first spin up) and 2**n .. 2**(n+1) - 1 (down) evolving alike, as the network
evolves n spins. Fine-tuning then has to learn only the first spin's field and bond.
"""

from collections.abc import Iterator

import numpy as np
from keras import ops

from qtf.dynamics.rollout import Rollout, real_parts
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.physics import sample_initial_states

# Samples for each feature; successive states hardly differ and count as one.
SAMPLES_PER_UNIT = 2
N_STEPS = 20
CHUNK = 128
# Of the mean square of a feature.
RIDGE = 1e-6


def add_idle_spin(
    model: TransferableSRU, n_sites: int, *, initial_states: str = "paper", seed: int = 0
) -> float:
    """Makes a network start n_sites + 1 spins as n_sites spins beside an idle one.

    The chain encoding of n_sites + 1 becomes that of n_sites. The new rows of the spin
    encoding are orthogonal to the old ones as long as the width allows. All rows of the spin
    decoding for n_sites + 1 then follow by least squares on the network's own rollouts of
    n_sites spins, so that no exact trajectory is needed. Shorter chains share these rows:
    they have to be trained along if the network shall still predict them.

    Args:
        model: Trained at `n_sites`; changed in place.
        n_sites: Number of spins that the network knows, less than its `n_max`.
        initial_states: Law of the states on which the decoding is fitted; that of the
            training, because the network knows no others.
        seed: Of these states.

    Returns:
        The share of the idle chain's changes that the new decoding does not explain, 0 .. 1.

    Raises:
        ValueError: The network has no room for one more spin, or the law is unknown.

    Example:
        >>> model = TransferableSRU.from_preset("paper", n_max=3, units=16, n_layers=1)
        >>> 0 <= add_idle_spin(model, 2) <= 1
        True
    """
    if not 1 <= n_sites < model.n_max:
        raise ValueError(
            f"Argument `n_sites` must be within 1..{model.n_max - 1}, below `n_max` of the"
            f" network, but is {n_sites}."
        )
    for table in model.chain_encoding.trainable_variables:
        rows = ops.convert_to_numpy(table).copy()
        rows[n_sites] = rows[n_sites - 1]
        table.assign(rows)
    # Before the new rows: decoding of n_sites spins is what the rollouts need.
    psi = _with_idle_spin(model, n_sites, initial_states, seed)
    rng = np.random.default_rng(seed)
    for table in (model.spin_encoding.real_embedding, model.spin_encoding.imaginary_embedding):
        table.assign(_with_orthogonal_rows(ops.convert_to_numpy(table), 2**n_sites, rng))
    return _fit_decoding(model, psi)


def _with_idle_spin(
    model: TransferableSRU, n_sites: int, initial_states: str, seed: int
) -> np.ndarray:
    """Returns the network's rollouts of both halves, (n_samples, N_STEPS + 1, 2 * 2**n)."""
    n_samples = SAMPLES_PER_UNIT * model.units
    psi0 = sample_initial_states(initial_states, n_sites + 1, n_samples, seed=seed)
    halves = psi0.reshape(2 * n_samples, 2**n_sites)
    psi = Rollout(model)(halves, N_STEPS)
    psi = psi.reshape(n_samples, 2, N_STEPS + 1, 2**n_sites)
    return np.concatenate([psi[:, 0], psi[:, 1]], axis=-1)


def _with_orthogonal_rows(table: np.ndarray, n_rows: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the table with rows n_rows .. 2 * n_rows outside the span of those before."""
    _, values, directions = np.linalg.svd(table[:n_rows])
    unused = directions[n_rows : 2 * n_rows]
    if len(unused) < n_rows:
        return table
    rotation, _ = np.linalg.qr(rng.normal(size=(n_rows, n_rows)))
    table = table.copy()
    table[n_rows : 2 * n_rows] = np.sqrt(np.mean(values**2)) * rotation @ unused
    return table


def _fit_decoding(model: TransferableSRU, psi: np.ndarray) -> float:
    """Fits the decoding to trajectories and returns the unexplained share."""
    moment, products, total = np.zeros(()), np.zeros(()), 0.0
    for features, targets in _regression(model, psi):
        moment = moment + features.T @ features
        products = products + features.T @ targets
        total += np.square(targets).sum()
    ridge = RIDGE * np.trace(moment) / len(moment)
    solution = np.linalg.solve(moment + ridge * np.eye(len(moment)), products)
    rows = solution.T.reshape(2, psi.shape[-1], model.units)
    decoding = model.spin_decoding
    for table, new in zip(
        (decoding.real_embedding, decoding.imaginary_embedding), rows, strict=True
    ):
        values = ops.convert_to_numpy(table).copy()
        values[: len(new)] = new
        table.assign(values)
    left = total - 2 * np.sum(solution * products) + np.sum(solution * (moment @ solution))
    return float(np.clip(left / total, 0.0, 1.0))


def _regression(model: TransferableSRU, psi: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields what is decoded, (samples, units), and into what, (samples, 2 * dimension)."""
    for start in range(0, len(psi), CHUNK):
        parts = real_parts(psi[start : start + CHUNK], model.variable_dtype)
        features = ops.convert_to_numpy(model.features(parts[:, :-1])).astype(np.float64)
        targets = parts[:, 1:].astype(np.float64)
        if model.predicts == "increment":
            targets = (targets - parts[:, :-1]) / model.increment_scale
        targets = targets.transpose(1, 0, 2, 3)
        yield features.reshape(-1, model.units), targets.reshape(len(features) * len(parts), -1)
