"""The model of TensorFlow Serving's quick start, written as its own program writes it."""

import tensorflow as tf

tf1 = tf.compat.v1


def save_half_plus_two(directory):
    """Writes y = x / 2 + 2 with x a column, (None, 1), parsed from examples or fed."""
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        a = tf1.get_variable("a", initializer=0.5, use_resource=False)
        b = tf1.get_variable("b", initializer=2.0, use_resource=False)
        examples = tf1.placeholder(tf.string, [None], "tf_example")
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        x = tf.identity(tf1.io.parse_example(examples, features)["x"], "x")
        y = tf.identity(a * x + b, "y")
        session.run(tf1.global_variables_initializer())
        signatures = {"serving_default": _signature(x, y, "predict")}
        builder = tf1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


def save_without_shapes(directory):
    """Writes the same for any shape, without a variable."""
    graph = tf.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        x = tf1.placeholder(tf.float32, None, "x")
        y = x / 2.0 + 2.0
        signatures = {"serving_default": _signature(x, y, "predict")}
        builder = tf1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


def _signature(x, y, method):
    build = tf1.saved_model.signature_def_utils.build_signature_def
    info = tf1.saved_model.utils.build_tensor_info
    return build({"x": info(x)}, {"y": info(y)}, f"tensorflow/serving/{method}")
