import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork

from .by_hand import dense, heads_by_hand, normalized, sigmoid


def around_by_hand(vectors, position):
    """Returns unit vectors of the distances from both ends, and counts as shares."""
    ends = (position, len(vectors) - 1 - position)
    edges = [float(distance == told) for distance in ends for told in range(4)]
    sums = vectors[:position].sum(axis=0)
    return [*edges, *np.clip((sums[1:] - sums[0]) / (len(vectors) - position), -1.0, 1.0)]


@pytest.mark.parametrize(
    ("local_dimension", "context"), [(2, False), (4, False), (2, True), (4, True)]
)
def test_outputs_equal_a_loop_over_positions(local_dimension, context):
    made = GRUNetwork(
        n_positions=7, units=5, local_dimension=local_dimension, context=context, dtype="float64"
    )
    rng = np.random.default_rng(0)
    for variable in made.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    given = rng.integers(local_dimension, size=(6, 7)).astype("int32")
    kernel = np.asarray(made.from_state.kernel)
    for outcomes, found in zip(given, np.asarray(made(given)), strict=True):
        h, x = np.zeros(5), np.zeros(local_dimension)
        vectors = np.eye(local_dimension)[outcomes]
        for position, (outcome, outputs) in enumerate(zip(outcomes, found, strict=True)):
            if context:
                x = np.concatenate([x, around_by_hand(vectors, position)])
            update, candidate = np.split(dense(made.from_outcome, x) + h @ kernel, 2)
            update = sigmoid(update)
            h = (1 - update) * h + update * np.tanh(candidate)
            expected = heads_by_hand(made.output_heads, normalized(made.norm, h))
            np.testing.assert_allclose(outputs, expected, atol=1e-12)
            x = np.eye(local_dimension)[outcome]
