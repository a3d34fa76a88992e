"""SavedModels of plain TensorFlow that take as long, or answer as much, as a request says."""

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from tests.serving.conformance.saved_models import warm_up_file
from tests.serving.faults.clients import slow_request

N_OUTPUTS = 6


def _rows(dtype, name):
    return tf.TensorSpec([None], dtype, name)


@tf.function(input_signature=[_rows(tf.float32, "x")])
def plus_one(x):
    """Answers at once; a request for it shows that the server is well."""
    return {"y": x + 1.0}


@tf.function(input_signature=[_rows(tf.float32, "x"), _rows(tf.int32, "n_turns")])
def slow(x, n_turns):
    """Turns each number `n_turns` times, a few microseconds each; y = x for all that."""
    last = tf.reduce_max(n_turns)
    _, y = tf.while_loop(
        lambda turn, _: turn < last,
        lambda turn, y: (turn + 1, tf.roll(y, 0, 0)),
        (0, x),
    )
    return {"y": tf.ensure_shape(y, [None])}


@tf.function(input_signature=[_rows(tf.float32, "x"), tf.TensorSpec([], tf.int32, "width")])
def large(x, width):
    """Answers with `width` copies of each number."""
    return {"y": tf.tile(x[:, None], [1, width])}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def many(x):
    """Has several outputs, of which a request may ask for some in any order."""
    return {f"y{k}": x + float(k) for k in range(N_OUTPUTS)}


@tf.function(input_signature=[_rows(tf.string, "text")])
def parsed(text):
    """Reads numbers, and fails inside TensorFlow on anything else."""
    return {"y": tf.strings.to_number(text)}


def save_heavy(directory):
    """Writes a model with all these signatures."""
    module = tf.Module()
    signatures = {"slow": slow, "large": large, "many": many, "parsed": parsed}
    signatures["serving_default"] = plus_one
    for name, function in signatures.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(directory), signatures=signatures)


def write_slow_warm_up(version, *, n_turns):
    """Writes one record, which keeps the loading of a version busy for so many turns."""
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(slow_request(n_turns))
    with tf.io.TFRecordWriter(str(warm_up_file(version))) as writer:
        writer.write(log.SerializeToString())
