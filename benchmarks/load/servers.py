"""Real servers in processes of their own, with the models that they serve."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load.clients import GrpcCaller, RestCaller

ROLLOUT, TRIVIAL = "ising", "half_plus_two"
N_SITES, N_STEPS = 5, 100
N_STATES = 64
# So that the length of a queue is seen and not the limit of the server.
FLAGS = ("--max_concurrent_requests=100000", "--rest_api_timeout_in_ms=60000")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        pid: Number of its process.
        ports: "gRPC" and "REST" -> port.
    """

    pid: int
    ports: dict[str, int]

    def processor_seconds(self) -> float:
        """Returns the time of the processor that it has taken, with all of its processes."""
        import psutil

        process = psutil.Process(self.pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def caller(self, protocol: str, model: str) -> Any:
        """Returns what asks one of its models."""
        port = self.ports[protocol]
        if protocol == "REST":
            return RestCaller(port, f"/v1/models/{model}:predict", rest_bodies(model))
        return GrpcCaller(port, grpc_requests(model))


@contextmanager
def serve(folder: Path, *flags: str) -> Iterator[Server]:
    """Starts a server for the models of a folder, and ends it."""
    models = "".join(
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" }}'
        for name in (ROLLOUT, TRIVIAL)
    )
    config = folder / "models.config"
    config.write_text(f"model_config_list {{ {models} }}")
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0"]
    command += [f"--model_config_file={config}", *FLAGS, *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            ready = re.search(r"gRPC \S+:(\d+), REST \S+:(\d+)", process.stdout.readline())
            yield Server(process.pid, {"gRPC": int(ready[1]), "REST": int(ready[2])})
        finally:
            process.send_signal(signal.SIGTERM)


def write_models(folder: Path) -> None:
    """Exports the recommended network with random weights, and y = x / 2 + 2."""
    import keras
    import tensorflow as tf

    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.physics import Chain, ising

    keras.utils.set_random_seed(0)
    model = TransferableSRU.from_preset("increment")
    physics = {"hamiltonian": {"name": "ising"}, "dt": 0.002, "initial_states": "paper"}
    config = {"physics": physics, "data": {"n_sites": [N_SITES]}}
    export_dynamics(model, folder / ROLLOUT, {N_SITES: ising(Chain(N_SITES))}, config)
    tf1 = tf.compat.v1
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, None, "x")
        tf1.saved_model.simple_save(
            session, str(folder / TRIVIAL / "1"), {"x": x}, {"y": x / 2.0 + 2.0}
        )


def in_process(folder: Path) -> Callable[[int], dict[str, np.ndarray]]:
    """Returns a function that runs a batch of some size through the SavedModel in this process."""
    from serving.models.loaded_version import LoadedVersion

    loaded = LoadedVersion(ROLLOUT, 1, folder / ROLLOUT / "1")
    inputs = states()
    wanted = tuple(sorted(loaded.signatures["rollout"].outputs))

    def run(size: int) -> dict[str, np.ndarray]:
        batch = {alias: array[:size] for alias, array in inputs.items()}
        return loaded.run("rollout", batch, wanted)

    return run


def states() -> dict[str, np.ndarray]:
    """Returns the inputs of `N_STATES` rollouts: random normalised states."""
    parts = np.random.default_rng(0).normal(size=(2, N_STATES, 2**N_SITES))
    parts /= np.sqrt(np.sum(parts**2, axis=(0, 2)))[None, :, None]
    steps = np.full(N_STATES, N_STEPS, np.int32)
    return {
        "psi0_re": parts[0].astype(np.float32),
        "psi0_im": parts[1].astype(np.float32),
        "n_steps": steps,
    }


def rest_bodies(model: str) -> Sequence[bytes]:
    """Returns requests for one state, or for three numbers, as JSON."""
    if model == TRIVIAL:
        return [b'{"instances": [1.0, 2.0, 5.0]}']
    inputs = states()
    return [
        json.dumps(
            {
                "signature_name": "rollout",
                "inputs": {alias: array[k : k + 1].tolist() for alias, array in inputs.items()},
            }
        ).encode()
        for k in range(N_STATES)
    ]


def grpc_requests(model: str) -> Sequence[bytes]:
    """Returns the same requests as messages."""
    if model == TRIVIAL:
        return [_message(model, "", {"x": np.float32([1.0, 2.0, 5.0])})]
    inputs = states()
    return [
        _message(model, "rollout", {alias: array[k : k + 1] for alias, array in inputs.items()})
        for k in range(N_STATES)
    ]


def _message(model: str, signature: str, inputs: dict[str, np.ndarray]) -> bytes:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for alias, array in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
    return request.SerializeToString()
