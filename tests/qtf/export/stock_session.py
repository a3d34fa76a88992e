"""Loads a SavedModel as a stock server does: no qtf, TensorFlow's first interface, no XLA."""

import pickle
import sys

from tensorflow.core.protobuf import saved_model_pb2

from tests import preloaded

PROGRAM = """
import ctypes, glob, os, pickle, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.modules["qtf"] = None
import tensorflow as tf
library = glob.glob(os.path.join(os.path.dirname(tf.__file__), "libtensorflow_cc.so*"))[0]
ctypes.CDLL(library)._ZN10tensorflow21DisableXlaCompilationEv()
version, folder = sys.argv[1:]
answers = []
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], version)
    for key, inputs in pickle.load(open(f"{folder}/requests", "rb")):
        signature = loaded.signature_def[key]
        feed = {signature.inputs[name].name: value for name, value in inputs.items()}
        outputs = {name: output.name for name, output in signature.outputs.items()}
        try:
            answers.append(session.run(outputs, feed))
        except tf.errors.OpError as error:
            answers.append(error.message)
try:
    import qtf
except ImportError:
    pickle.dump(answers, open(f"{folder}/answers", "wb"))
"""


def answers_in_stock_session(version, requests, folder):
    """Returns the outputs, or the error message, of each (signature, inputs).

    `folder` is an empty one for the files between the processes.
    """
    (folder / "requests").write_bytes(pickle.dumps(requests))
    result = preloaded.run(
        [sys.executable, "-c", PROGRAM, str(version), str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return pickle.loads((folder / "answers").read_bytes())


class SavedGraph:
    """The operations behind the signatures of a SavedModel."""

    def __init__(self, version):
        graph = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
        self._meta = graph.meta_graphs[0]
        library = self._meta.graph_def.library.function
        self._functions = {function.signature.name: function for function in library}

    def uses_xla(self, key):
        """Whether any function that a signature may call is compiled by XLA."""
        reached = self._reachable(key)
        assert reached
        functions = [self._functions[name] for name in reached]
        ops = {node.op for function in functions for node in function.node_def}
        compiled = any(function.attr["_XlaMustCompile"].b for function in functions)
        return compiled or any(op.startswith("Xla") for op in ops)

    def _reachable(self, key):
        """Names of all functions that a signature may call."""
        tensor = next(iter(self._meta.signature_def[key].outputs.values())).name.split(":")[0]
        node = next(node for node in self._meta.graph_def.node if node.name == tensor)
        seen, waiting = set(), [node]
        while waiting:
            node = waiting.pop()
            for attr in node.attr.values():
                for name in [attr.func.name, *(f.name for f in attr.list.func)]:
                    if name in self._functions and name not in seen:
                        seen.add(name)
                        waiting.extend(self._functions[name].node_def)
        return seen
