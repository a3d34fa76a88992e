import numpy as np
import pytest
from keras import ops

from qtf.ground_states.listed_pairs import ListedPairs
from qtf.training.compilation import compiled

SHAPE = (5, 7)


def squares(seen, numbers):
    seen.append(numbers.shape[0])
    values = ops.cast(numbers, "float64")
    return [values, values**2]


@pytest.mark.parametrize("share", [None, 0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("largest", [1, 4, 100])
def test_what_occurs_is_evaluated_and_all_else_has_the_value_of_what_is_missing(share, largest):
    occurs = None if share is None else np.random.default_rng(0).random(SHAPE) < share
    expected = np.arange(35.0).reshape(SHAPE) * (1 if share is None else occurs)
    seen = []

    def run(occurs):
        pairs = ListedPairs(occurs, SHAPE, largest)
        return pairs.evaluate(lambda n: squares(seen, n), missing=(0.0, -3.0))

    found = compiled(run)(occurs) if share is not None else run(None)
    np.testing.assert_array_equal(found[0], expected)
    misses = 0.0 if share is None else -3.0 * ~occurs
    np.testing.assert_array_equal(found[1], expected**2 + misses)
    assert max(seen) <= largest


def test_pieces_are_as_many_as_what_occurs_fills():
    calls = []
    occurs = np.zeros(SHAPE, bool)
    occurs[2, :5] = True

    def note(numbers):
        calls.append(np.asarray(numbers).tolist())
        return squares([], numbers)

    ListedPairs(occurs, SHAPE, 3).evaluate(note, missing=(0.0, 0.0))
    # The last piece is filled up with what does not occur.
    assert [piece[:3] for piece in calls] == [[14, 15, 16], [17, 18, 0]]
