import numpy as np
import pytest
import tensorflow as tf

from serving.models.loaded_version import LoadedVersion
from tests.serving.half_plus_two import save_half_plus_two, save_without_shapes


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """Signatures whose work a request bounds by the sizes of its inputs, or does not."""
    path = tmp_path_factory.mktemp("graphs") / "1"
    module = tf.Module()
    module.weights = tf.Variable(tf.ones([2, 2]))

    def signature(shape, dtype=tf.float32):
        return tf.function(input_signature=[tf.TensorSpec(shape, dtype, "x")])

    functions = {
        "product": signature([None, 2])(lambda x: {"y": tf.tanh(x @ module.weights) + 1.0}),
        "inner": signature([None])(lambda x: {"y": tf.function(tf.square)(x)}),
        "loop": signature([None], tf.int32)(
            lambda x: {"y": tf.while_loop(lambda i: i < x[0], lambda i: i + 1, [tf.constant(0)])[0]}
        ),
        "inner_loop": signature([None], tf.int32)(
            lambda x: {
                "y": tf.function(
                    lambda n: tf.while_loop(lambda i: i < n, lambda i: i + 1, [tf.constant(0)])[0]
                )(x[0])
            }
        ),
        "size": signature([None], tf.int32)(lambda x: {"y": tf.ones([x[0]])}),
        "repeated": signature([None], tf.int32)(lambda x: {"y": tf.tile([1], x)}),
        "text": signature([None], tf.string)(lambda x: {"y": tf.strings.length(x)}),
    }
    for name, function in functions.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(path), signatures=functions)
    version = LoadedVersion("graphs", 1, path)
    yield version
    version.close()


@pytest.mark.parametrize("name", ["product", "inner"])
def test_graph_of_plain_operations_is_bounded(version, name):
    assert version.is_bounded(name, ("y",))


@pytest.mark.parametrize("name", ["loop", "inner_loop", "size", "repeated", "text"])
def test_loops_and_sizes_that_a_request_chooses_are_not_bounded(version, name):
    assert not version.is_bounded(name, ("y",))


@pytest.mark.parametrize("save", [save_half_plus_two, save_without_shapes])
def test_what_stands_before_the_inputs_does_not_count(tmp_path, save):
    """Half plus two parses examples, which nobody sends."""
    save(tmp_path / "1")
    version = LoadedVersion("half_plus_two", 1, tmp_path / "1")
    assert version.is_bounded("serving_default", ("y",))
    x = np.float32([1, 2, 5])
    for in_caller in (False, True):
        y = version.run("serving_default", {"x": x}, ("y",), in_caller=in_caller)["y"]
        np.testing.assert_array_equal(y, x / 2 + 2)
    version.close()
