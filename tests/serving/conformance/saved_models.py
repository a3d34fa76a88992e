"""SavedModels made of plain TensorFlow, small and with answers known in closed form."""

import shutil
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

DTYPES = {
    "float": tf.float32,
    "double": tf.float64,
    "int32": tf.int32,
    "int64": tf.int64,
    "uint8": tf.uint8,
    "int8": tf.int8,
    "bool": tf.bool,
    "string": tf.string,
    "half": tf.float16,
    "complex64": tf.complex64,
}


class HalfPlus(tf.Module):
    """y = x / 2 + offset, one number for each row, and a second signature."""

    def __init__(self, offset):
        super().__init__()
        self.offset = tf.Variable(float(offset))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def half_plus(self, x):
        return {"y": x / 2.0 + self.offset}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def twice(self, x):
        return {"y": 2.0 * x}


class Counter(tf.Module):
    """Counts its own calls, so that a warm-up leaves a trace."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def count(self, x):
        calls = self.calls.assign_add(1)
        return {"calls": tf.fill(tf.shape(x), calls)}


def save_half_plus(directory, offset):
    """Writes a model whose answer to x = 0 is `offset`."""
    module = HalfPlus(offset)
    signatures = {"serving_default": module.half_plus, "twice": module.twice}
    tf.saved_model.save(module, str(directory), signatures=signatures)


def save_counter(directory):
    """Writes a model that counts its calls."""
    module = Counter()
    tf.saved_model.save(module, str(directory), signatures={"serving_default": module.count})


def save_zoo(directory):
    """Writes one model with a signature for every dtype and every awkward shape."""
    module = tf.Module()
    signatures = {f"echo_{name}": _echo(dtype) for name, dtype in DTYPES.items()}
    signatures["serving_default"] = signatures["echo_float"]
    signatures |= {
        "typed": typed,
        "pair": pair,
        "scalar": scalar,
        "uneven": uneven,
        "matrix": matrix,
        "checked": checked,
        "slow": slow,
        "constant": constant,
        "as_half": as_half,
        "as_complex": as_complex,
    }
    for name, function in signatures.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(directory), signatures=signatures)


def _echo(dtype):
    # Any rank: the tests send scalars, lists and lists of lists.
    @tf.function(input_signature=[tf.TensorSpec(None, dtype, "x")])
    def echo(x):
        return {"y": tf.identity(x)}

    return echo


def _rows(dtype, name):
    return tf.TensorSpec([None], dtype, name)


@tf.function(
    input_signature=[
        _rows(tf.float32, "single"),
        _rows(tf.float64, "exact"),
        _rows(tf.int32, "count"),
        _rows(tf.int64, "big"),
        _rows(tf.uint8, "small"),
        _rows(tf.bool, "flag"),
        _rows(tf.string, "text"),
    ]
)
def typed(single, exact, count, big, small, flag, text):
    """Every dtype that REST knows, in and out, each changed in its own way."""
    return {
        "single": single * 2,
        "exact": exact / 3,
        "count": -count,
        "big": big + 1,
        "small": small + tf.constant(1, tf.uint8),
        "flag": tf.logical_not(flag),
        "text": text + "!",
        "text_bytes": text + "?",
    }


@tf.function(input_signature=[_rows(tf.float32, "a"), _rows(tf.float32, "b")])
def pair(a, b):
    """Two inputs, two outputs."""
    return {"total": a + b, "difference": a - b}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def scalar(x):
    """One output has no batch dimension."""
    return {"y": x + 1.0, "total": tf.reduce_sum(x)}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def uneven(x):
    """Outputs of different batch sizes."""
    return {"y": tf.identity(x), "doubled": tf.concat([x, x], 0)}


@tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "x")])
def matrix(x):
    """Rows of two numbers; any other width cannot be multiplied."""
    return {"y": tf.matmul(x, [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def checked(x):
    """Refuses negative numbers while it runs."""
    message = "Input `x` must not be negative."
    with tf.control_dependencies([tf.debugging.assert_non_negative(x, message)]):
        return {"y": tf.sqrt(x)}


@tf.function(input_signature=[_rows(tf.float32, "x"), _rows(tf.int32, "n")])
def slow(x, n):
    """Loops `n` times, for deadlines."""
    last = tf.reduce_max(n)
    _, y = tf.while_loop(lambda i, _: i < last, lambda i, y: (i + 1, tf.sin(y)), (0, x))
    return {"y": tf.ensure_shape(y, [None])}


@tf.function(input_signature=[])
def constant():
    """Needs no input."""
    return {"y": tf.constant([3.0])}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def as_half(x):
    """An output that REST cannot write."""
    return {"y": tf.cast(x, tf.float16)}


@tf.function(input_signature=[_rows(tf.float32, "x")])
def as_complex(x):
    """Another output that REST cannot write."""
    return {"y": tf.complex(x, -x)}


def save_broken(directory):
    """Writes a version folder that no server can load."""
    Path(directory).mkdir(parents=True)
    (Path(directory) / "saved_model.pb").write_bytes(b"this is no protocol buffer")


def copy_into_place(source, base, version):
    """Publishes a version as the exporter does: written beside, then renamed."""
    hidden = Path(base) / f".{version}.writing"
    shutil.copytree(source, hidden)
    hidden.rename(Path(base) / str(version))


def warm_up_file(version):
    """Returns the path of the warm-up records of a version, its folder made."""
    folder = Path(version) / "assets.extra"
    folder.mkdir()
    return folder / "tf_serving_warmup_requests"


def write_warm_up(version, *, n_requests, dtype=tf.float32, signature="serving_default"):
    """Writes `n_requests` records that ask for one row of zeros."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "any name will do"
    request.model_spec.signature_name = signature
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([0], dtype))
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    with tf.io.TFRecordWriter(str(warm_up_file(version))) as writer:
        for _ in range(n_requests):
            writer.write(log.SerializeToString())


def write_garbage_record(version):
    """Writes a warm-up file whose one record is no PredictionLog."""
    with tf.io.TFRecordWriter(str(warm_up_file(version))) as writer:
        writer.write(b"\xff\xff\xff no protocol buffer")
