"""Runs of a TensorFlow session as the C++ server makes them.

`Session.run` of Python compares the shapes of inputs with those that the graph was built with and
refuses what differs. The server in C++ does not: there the operations decide. Its quick start sends
rows of single numbers to a graph built for columns of them, and gets an answer. The function below
`Session.run` that hands tensors to C++ is therefore called directly, which also takes a seventh of
the time. A tenth of what is left remains where the operations run in the calling thread, since
TensorFlow's own need not be woken; such a run cannot be stopped.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session

# What makes TensorFlow run the operations in the thread that asks for them.
_IN_CALLER = -1


class SessionRun:
    """Runs of one session for some of its tensors; safe from many threads.

    Attributes:
        is_bounded: Whether the sizes of the inputs alone bound the work.

    Args:
        session: The session. Its graph must not change any more.
        inputs: alias -> name of the tensor in the graph.
        outputs: The same of what is computed.
        is_bounded: As the attribute.
    """

    def __init__(
        self,
        session: tf.compat.v1.Session,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        *,
        is_bounded: bool = False,
    ) -> None:
        graph = session.graph
        self.is_bounded = is_bounded
        self._session = session
        self._inputs = {alias: _endpoint(graph, name) for alias, name in inputs.items()}
        # Two outputs may be one tensor, which C++ refuses to fetch twice.
        names = sorted(set(outputs.values()))
        self._fetched = [_endpoint(graph, name) for name in names]
        self._places = {alias: names.index(name) for alias, name in outputs.items()}
        self._in_caller = tf.compat.v1.RunOptions(
            inter_op_thread_pool=_IN_CALLER
        ).SerializeToString()

    def __call__(
        self, inputs: Mapping[str, np.ndarray], *, milliseconds: int, in_caller: bool = False
    ) -> dict[str, np.ndarray]:
        """Computes all outputs.

        TensorFlow reads the memory of the inputs while it runs, and an output may be that of an
        input; both sides count references, so neither may be changed in place afterwards.

        Args:
            inputs: alias -> array of the type of the tensor, one for each input.
            milliseconds: Time until TensorFlow gives up; 0 for any.
            in_caller: Whether the operations run in this thread, and then whatever the time.

        Returns:
            alias -> array.

        Raises:
            tf.errors.OpError: An operation refused its inputs, failed or ran out of time.
        """
        feeds = {self._inputs[alias]: array for alias, array in inputs.items()}
        options = self._in_caller
        if not in_caller:
            options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds).SerializeToString()
        buffer = pywrap_tf_session.TF_NewBufferFromString(options)
        try:
            values = pywrap_tf_session.TF_SessionRun_wrapper(
                self._session._session, buffer, feeds, self._fetched, [], None
            )
        finally:
            pywrap_tf_session.TF_DeleteBuffer(buffer)
        return {alias: _array(values[place]) for alias, place in self._places.items()}


def _endpoint(graph: tf.Graph, name: str) -> Any:
    return graph.get_tensor_by_name(name)._as_tf_output()


def _array(value: np.ndarray | bytes) -> np.ndarray:
    # A scalar string comes as bytes.
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)
