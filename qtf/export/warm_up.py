"""Requests that a server replays before it announces a version.

The first run of a graph is much slower than the others; so it meets none of the clients.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

RECORDS = Path("assets.extra") / "tf_serving_warmup_requests"
# Enough to run the loop's body twice; longer requests run the same graph.
N_STEPS = 2


def write_warm_up(version: Path, n_sites: Sequence[int], *, n_layers: int, units: int) -> int:
    """Writes one request for each plain signature and number of spins.

    No request asks for XLA: a server without it would refuse the whole version.

    Args:
        version: Folder of the SavedModel.
        n_sites: Numbers of spins that the model was trained for.
        n_layers: Layers of the network, whose cells `step` takes.
        units: Their width.

    Returns:
        The number of requests.

    Raises:
        OSError: The file cannot be written.
    """
    path = version / RECORDS
    path.parent.mkdir(exist_ok=True)
    n_records = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for n in n_sites:
            for signature, inputs in _requests(2**n, n_layers, units):
                writer.write(_record(signature, inputs).SerializeToString())
                n_records += 1
    return n_records


def _requests(
    dimension: int, n_layers: int, units: int
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    psi = np.zeros((1, dimension), np.float32)
    psi[0, 0] = 1.0
    rollout = {
        "psi0_re": psi,
        "psi0_im": np.zeros_like(psi),
        "n_steps": np.array([N_STEPS], np.int32),
    }
    yield "serving_default", rollout
    yield "rollout", rollout
    yield "observables", rollout
    cells = np.zeros((1, n_layers, units), np.float32)
    yield "step", {"psi_re": psi, "psi_im": np.zeros_like(psi), "cells": cells}


def _record(signature: str, inputs: Mapping[str, np.ndarray]) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    for alias, array in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
    return prediction_log_pb2.PredictionLog(
        predict_log=prediction_log_pb2.PredictLog(request=request)
    )
