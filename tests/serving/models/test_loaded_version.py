from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from serving.models import loaded_version
from serving.models.loaded_version import LoadedVersion
from serving.status import Code, StatusError
from tests.serving.half_plus_two import save_half_plus_two, save_without_shapes

WANTED = ("y",)


@pytest.fixture(scope="module")
def half_plus_two(tmp_path_factory):
    path = tmp_path_factory.mktemp("half_plus_two") / "1"
    save_half_plus_two(path)
    version = LoadedVersion("half_plus_two", 1, path)
    yield version
    version.close()


@pytest.fixture(scope="module")
def many_outputs(tmp_path_factory):
    """y0 = x, y1 = x + 1, ..., y5 = x + 5; a loop of `n` turns; texts; a matrix product."""
    path = tmp_path_factory.mktemp("many") / "1"
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def many(x):
        return {f"y{k}": x + k for k in range(6)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "n")])
    def loop(n):
        turned = tf.while_loop(lambda i: i < n[0], lambda i: (i + 1,), (tf.constant(0),))
        return {"y": turned[0]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "x")])
    def text(x):
        return {"y": x + "!", "first": x[0]}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
    def matrix(x):
        return {"y": tf.matmul(x, tf.eye(2))}

    signatures = {"many": many, "loop": loop, "text": text, "matrix": matrix}
    for name, function in signatures.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(path), signatures=signatures)
    version = LoadedVersion("many", 1, path)
    yield version
    version.close()


SHAPES = [(3,), (3, 1), (1, 3), (), (1,), (0,), (0, 1), (2, 0), (2, 2, 2), (1, 1, 1, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_operations_decide_which_shapes_they_take(half_plus_two, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    y = half_plus_two.run("serving_default", {"x": x}, WANTED)["y"]
    assert (y.shape, y.dtype) == (shape, np.float32)
    np.testing.assert_array_equal(y, x * np.float32(0.5) + 2)


def test_graph_without_variables_and_shapes_runs(tmp_path):
    save_without_shapes(tmp_path / "1")
    version = LoadedVersion("m", 1, tmp_path / "1")
    for x in (np.float32([1, 2, 5]), np.float32(3), np.float32([[1]])):
        y = version.run("serving_default", {"x": x}, WANTED)["y"]
        np.testing.assert_array_equal(y, x / 2 + 2)
    version.close()


@pytest.mark.parametrize("shape", [(2,), (), (1, 3), (1, 1, 3)])
def test_operation_that_refuses_a_shape_is_quoted(many_outputs, shape):
    x = np.zeros(shape, np.float32)
    with pytest.raises(StatusError) as raised:
        many_outputs.run("matrix", {"x": x}, WANTED)
    assert raised.value.code is Code.INVALID_ARGUMENT
    assert "Cannot feed" not in raised.value.message
    assert "node" not in raised.value.message


@pytest.mark.parametrize("node", ["{{node A}}", "{{function_node f}}{{node A}}"])
def test_nodes_of_the_graph_are_left_out_of_messages(node):
    error = tf.errors.InvalidArgumentError(None, None, f"x is wrong\n\t [[{node}]]")
    assert loaded_version.status_error(error).message == "x is wrong"


def test_wrong_type_is_an_invalid_argument(half_plus_two):
    with pytest.raises(StatusError, match="to be float but double is provided") as raised:
        half_plus_two.run("serving_default", {"x": np.zeros(3)}, WANTED)
    assert raised.value.code is Code.INVALID_ARGUMENT


def test_texts_go_in_and_out(many_outputs):
    x = np.array([b"a", b"\xff\x00", b""], object)
    values = many_outputs.run("text", {"x": x}, ("y", "first"))
    assert values["y"].tolist() == [b"a!", b"\xff\x00!", b"!"]
    assert (values["first"].shape, values["first"].item()) == ((), b"a")


def test_memory_of_inputs_and_outputs_outlives_the_run(half_plus_two):
    """Whatever is reused in between must not be the memory of an answer."""
    kept = []
    for k in range(50):
        x = np.full((1000, 1), k, np.float32)
        kept.append(half_plus_two.run("serving_default", {"x": x}, WANTED)["y"])
        del x
    for k, y in enumerate(kept):
        np.testing.assert_array_equal(y, np.full((1000, 1), k / 2 + 2))


def test_parts_of_arrays_are_read_where_they_lie(half_plus_two):
    wide = np.arange(12, dtype=np.float32).reshape(3, 4)
    for x in (wide[:, ::2], wide.T, wide[::-1], np.frombuffer(b"\0\0\x80?" * 3, np.float32)):
        y = half_plus_two.run("serving_default", {"x": x}, WANTED)["y"]
        np.testing.assert_array_equal(y, x / 2 + 2)


def test_time_that_is_up_ends_a_run(many_outputs):
    with pytest.raises(StatusError) as raised:
        many_outputs.run("loop", {"n": np.int32([2**30])}, WANTED, timeout=0.05)
    assert raised.value.code is Code.DEADLINE_EXCEEDED


def test_many_threads_get_their_own_answers(many_outputs):
    def ask(k):
        chosen = [f"y{i}" for i in range(6) if (k % 63 + 1) >> i & 1]
        values = many_outputs.run("many", {"x": np.float32([k])}, chosen)
        return all(values[name].tolist() == [k + int(name[1])] for name in chosen)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(600)))


def test_choices_of_outputs_are_prepared_in_one_order_and_up_to_a_number(many_outputs, monkeypatch):
    prepared = []
    prepare = LoadedVersion._prepare

    def noted(version, signature, outputs):
        prepared.append(sorted(outputs))
        return prepare(version, signature, outputs)

    monkeypatch.setattr(LoadedVersion, "_prepare", noted)
    monkeypatch.setattr(many_outputs, "_runs", {})
    for outputs in (("y0", "y1"), ("y1", "y0")):
        many_outputs.run("many", {"x": np.float32([1])}, outputs)
    assert prepared == [["y0", "y1"]]
    for k in range(1, 64):
        chosen = [f"y{i}" for i in range(6) if k >> i & 1]
        values = many_outputs.run("many", {"x": np.float32([1])}, chosen[::-1])
        assert sorted(values) == chosen
    # Beyond the limit there is one more: everything.
    assert len(prepared) == loaded_version.MOST_CHOICES + 1
    assert prepared[-1] == [f"y{k}" for k in range(6)]


def test_closed_version_answers_that_it_is(tmp_path):
    save_without_shapes(tmp_path / "1")
    version = LoadedVersion("m", 1, tmp_path / "1")
    version.close()
    with pytest.raises(StatusError, match="closed") as raised:
        version.run("serving_default", {"x": np.float32([1])}, WANTED)
    assert raised.value.code is Code.CANCELLED
