"""Rollouts that stay between the encodings: decoding and encoding folded into one matrix."""

from typing import Any

from keras import ops

from qtf.dynamics.transferable_sru import TransferableSRU


def folded_states(model: TransferableSRU, psi0: Any, n_steps: int) -> Any:
    """Rolls a network out without leaving its hidden space; to be compiled by the caller.

    Spin decoding D and spin encoding E are both linear, so that the next encoded state
    follows from what is decoded by one (units, units) matrix F = D^T E, whatever n is:

        encoded_{k+1} = features_k F                        (predicting states)
        encoded_{k+1} = encoded_k + scale * features_k F    (predicting increments)

    All states are decoded at once after the loop; changes of states add up there.

    Args:
        model: The network.
        psi0: Real and imaginary parts, (batch, 2, 2**n).
        n_steps: Number of steps.

    Returns:
        (batch, n_steps + 1, 2, 2**n), the initial state first; as the plain loop to rounding.
    """
    dimension = ops.shape(psi0)[-1]
    increments = model.predicts == "increment"
    fold = _folded(model, dimension)

    def advance(carry: tuple[Any, Any], _: Any) -> tuple[Any, Any]:
        encoded, cells = carry
        features, cells = model.step_features(encoded, cells, dimension)
        decoded = ops.matmul(features, fold)
        encoded = encoded + model.increment_scale * decoded if increments else decoded
        # Keras wants what is stacked to be shaped as the carry; XLA drops the cells again.
        return (encoded, cells), (features, cells)

    start = (model.spin_encoding(psi0), model.initial_cells(ops.shape(psi0)[0]))
    _, (features, _) = ops.scan(advance, start, length=n_steps)
    if increments:
        features = model.increment_scale * ops.cumsum(features, axis=0)
    states = model.spin_decoding(ops.transpose(features, (1, 0, 2)), dimension=dimension)
    if increments:
        states = psi0[:, None] + states
    return ops.concatenate([psi0[:, None], states], axis=1)


def _folded(model: TransferableSRU, dimension: Any) -> Any:
    """Returns D^T E of both parts side by side, (units, units)."""
    decoding, encoding = model.spin_decoding, model.spin_encoding
    parts = [
        ops.matmul(ops.transpose(decoded[:dimension]), encoded[:dimension])
        for decoded, encoded in (
            (decoding.real_embedding, encoding.real_embedding),
            (decoding.imaginary_embedding, encoding.imaginary_embedding),
        )
    ]
    return ops.concatenate(parts, axis=-1)
