"""Models like those of the stock server's tests: what they compute is theirs, the code is not."""

import tensorflow as tf

tf1 = tf.compat.v1
# Of the model of half plus two, and of a classification and a regression of the same numbers.
VERSION = 123


def save_half_plus(directory, *offsets):
    """Writes y = x / 2 + offset for fed numbers and for examples, as a program of TensorFlow 1.

    Args:
        directory: Folder of the version.
        *offsets: Offset of `y`, and of what is computed from feature `x2`, 3 where it is left out.
    """
    first, second = (*offsets, 3.0)[:2]
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        half = tf1.get_variable("half", initializer=0.5, use_resource=False)
        examples = tf1.placeholder(tf.string, [None], "examples")
        features = tf1.io.parse_example(examples, _features())
        x = tf.identity(features["x"], "x")
        x2 = tf.identity(features["x2"], "x2")
        y = tf.identity(half * x + first, "y")
        y3 = tf.identity(half * x2 + second, "y3")
        session.run(tf1.global_variables_initializer())
        signatures = {
            "serving_default": _signature("predict", {"x": x}, {"y": y}),
            "regress_x_to_y": _signature("regress", {"inputs": examples}, {"outputs": y}),
            "regress_x2_to_y3": _signature("regress", {"inputs": x2}, {"outputs": y3}),
            "classify_x_to_y": _signature("classify", {"inputs": examples}, {"scores": y}),
            "classify_x2_to_y3": _signature("classify", {"inputs": x2}, {"scores": y3}),
            "other_method": _signature("paint", {"x": x}, {"y": y}),
        }
        _save(session, directory, signatures)


def save_half_plus_two_tf2(directory):
    """Writes the same as a module of TensorFlow 2, whose signatures all say to predict."""
    module = tf.Module()
    module.half, module.two = tf.Variable(0.5), tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def predict(x):
        return {"y": module.half * x + module.two}

    def of_examples(alias):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
        def compute(examples):
            x = tf.io.parse_example(examples, _features())["x"]
            return {alias: module.half * x + module.two}

        return compute

    signatures = {
        "serving_default": predict,
        "regress_x_to_y": of_examples("outputs"),
        "classify_x_to_y": of_examples("scores"),
    }
    module.functions = list(signatures.values())
    tf.saved_model.save(module, str(directory), signatures=signatures)


def save_counter(directory):
    """Writes a number that is told, raised by one or by `delta`, and set to zero."""
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        number = tf1.get_variable("number", initializer=0.0, use_resource=False)
        delta = tf1.placeholder(tf.float32, [], "delta")
        outputs = {
            "get_counter": ({}, tf.identity(number)),
            "incr_counter": ({}, number.assign_add(1.0)),
            "incr_counter_by": ({"delta": delta}, number.assign_add(delta)),
            "reset_counter": ({}, number.assign(0.0)),
        }
        session.run(tf1.global_variables_initializer())
        signatures = {
            name: _signature("predict", inputs, {"output": output})
            for name, (inputs, output) in outputs.items()
        }
        _save(session, directory, signatures)


def save_product(directory):
    """Writes y = 3 * 2 * x by one signature for any shape, from two variables."""
    module = tf.Module()
    module.first, module.second = tf.Variable(3.0), tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, "x")])
    def product(x):
        return {"y": module.first * module.second * x}

    module.product = product
    tf.saved_model.save(module, str(directory), signatures=product)


def save_two_signatures(directory):
    """Writes the numbers 1 and 2, whatever is sent, under two names."""
    module = tf.Module()
    for name, value in (("one", 1.0), ("two", 2.0)):
        setattr(module, name, _constant(value))
    signatures = {"serving_default": module.one, "custom_signature_key": module.two}
    tf.saved_model.save(module, str(directory), signatures=signatures)


def save_labelled(directory):
    """Writes classes with names, and outputs that are none of a classification or regression."""
    module = tf.Module()
    shapes = {
        "labels": lambda n: {"classes": tf.tile([["car", "bike"]], [n, 1])},
        "both": lambda n: {
            "classes": tf.tile([["car", "bike"]], [n, 1]),
            "scores": tf.tile([[0.2, float("inf")]], [n, 1]),
        },
        "uneven": lambda n: {
            "classes": tf.tile([["car", "bike"]], [n, 1]),
            "scores": tf.ones([n, 3]),
        },
        "flat": lambda n: {"scores": tf.ones([n])},
        "doubles": lambda n: {"scores": tf.ones([n, 1], tf.float64)},
        "too_many": lambda n: {"scores": tf.ones([n + 1, 1])},
        "others": lambda n: {"somewhat": tf.ones([n, 1])},
        "three": lambda n: {name: tf.ones([n, 1]) for name in ("scores", "b", "c")},
        "values": lambda n: {"outputs": tf.constant([0.2, float("inf"), float("nan")])[:n]},
        "wide_values": lambda n: {"outputs": tf.ones([n, 2])},
        "too_many_values": lambda n: {"outputs": tf.ones([n + 1])},
        "double_values": lambda n: {"outputs": tf.ones([n], tf.float64)},
    }
    signatures = {name: _of_examples(function) for name, function in shapes.items()}
    signatures["two_inputs"] = _two_inputs
    for name, function in signatures.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(directory), signatures=signatures)


@tf.function(input_signature=[tf.TensorSpec([None], tf.string, name) for name in ("a", "b")])
def _two_inputs(a, b):
    return {"scores": tf.ones([tf.size(a), 1])}


def _of_examples(function):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def compute(examples):
        return function(tf.size(examples))

    return compute


def _constant(value):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, "x")])
    def constant(x):
        return {"y": tf.constant(value)}

    return constant


def _features():
    return {
        "x": tf.io.FixedLenFeature([1], tf.float32),
        "x2": tf.io.FixedLenFeature([1], tf.float32, [0.0]),
    }


def _signature(method, inputs, outputs):
    info = tf1.saved_model.utils.build_tensor_info
    return tf1.saved_model.signature_def_utils.build_signature_def(
        {alias: info(tensor) for alias, tensor in inputs.items()},
        {alias: info(tensor) for alias, tensor in outputs.items()},
        f"tensorflow/serving/{method}",
    )


def _save(session, directory, signatures):
    builder = tf1.saved_model.Builder(str(directory))
    builder.add_meta_graph_and_variables(session, ["serve"], signatures)
    builder.save()
