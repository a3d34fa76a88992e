"""Requests that a server replays before it announces a version.

The first run of a graph is much slower than the others; so it meets none of the clients.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

RECORDS = Path("assets.extra") / "tf_serving_warmup_requests"
# Enough to run the loop's body twice; longer requests run the same graph.
N_STEPS = 2

# key of a signature, its inputs
Request = tuple[str, Mapping[str, np.ndarray]]


def write_warm_up(version: Path, requests: Iterable[Request]) -> int:
    """Writes requests for a server to replay.

    None of them may ask for XLA: a server without it would refuse the whole version.

    Args:
        version: Folder of the SavedModel.
        requests: Signatures and their inputs.

    Returns:
        The number of requests.

    Raises:
        OSError: The file cannot be written.
    """
    path = version / RECORDS
    path.parent.mkdir(exist_ok=True)
    n_records = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests:
            writer.write(_record(signature, inputs).SerializeToString())
            n_records += 1
    return n_records


def dynamics_requests(n_sites: Sequence[int], *, n_layers: int, units: int) -> Iterator[Request]:
    """Yields one request for each plain signature of a model of dynamics and number of spins.

    Args:
        n_sites: Numbers of spins that are served.
        n_layers: Layers of the network, whose cells `step` takes.
        units: Their width.
    """
    for n in n_sites:
        psi = np.zeros((1, 2**n), np.float32)
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


def wave_function_requests(n_sites: int) -> Iterator[Request]:
    """Yields one request for each signature of a wave function.

    Args:
        n_sites: Its number of sites.
    """
    # As many up as down, for those that know no other configurations.
    yield from _sampled_requests("log_psi", {"bits": np.arange(n_sites, dtype=np.int32)[None] % 2})


def outcome_requests(n_sites: int) -> Iterator[Request]:
    """Yields one request for each signature of a distribution of outcomes.

    Args:
        n_sites: Its number of sites.
    """
    yield from _sampled_requests("log_prob", {"outcomes": np.zeros((1, n_sites), np.int32)})


def _sampled_requests(evaluation: str, inputs: Mapping[str, np.ndarray]) -> Iterator[Request]:
    seed = np.zeros(1, np.int64)
    yield "serving_default", inputs
    yield evaluation, inputs
    yield "sample", {"seed": seed}
    yield "observables", {"seed": seed}


def _record(signature: str, inputs: Mapping[str, np.ndarray]) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    for alias, array in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
    return prediction_log_pb2.PredictionLog(
        predict_log=prediction_log_pb2.PredictLog(request=request)
    )
