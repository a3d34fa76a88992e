import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.export.plain_slices import plain_slice_updates

ARRAY = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("start", "shape"),
    [
        ((1, 2, 3), (1, 1, 1)),
        ((0, 1, 0), (2, 1, 4)),
        ((1, 0, 2), (1, 3, 1)),
        ((0, 0, 0), (2, 3, 4)),
    ],
)
def test_a_slice_is_updated_without_xla(start, shape):
    updates = -np.ones(shape)
    expected = ARRAY.copy()
    expected[tuple(slice(at, at + size) for at, size in zip(start, shape, strict=True))] = -1

    @tf.function
    def update(first):
        return keras.ops.slice_update(ARRAY, (first, *start[1:]), updates)

    with plain_slice_updates():
        graph = update.get_concrete_function(tf.TensorSpec((), tf.int32))
    np.testing.assert_array_equal(graph(tf.constant(start[0])), expected)
    assert not [op for op in graph.graph.get_operations() if op.type.startswith("Xla")]


def test_keras_is_as_before_after_an_error():
    original, inside = keras.ops.slice_update, []

    def fail():
        inside.append(keras.ops.slice_update)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), plain_slice_updates():
        fail()
    assert inside[0] is not original
    assert keras.ops.slice_update is original
