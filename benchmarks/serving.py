"""How much of the model's own speed is left behind the server.

    python -m benchmarks.serving [--units=512] [--runs=7]

Exports a network of the recommended size, starts the server in a process of its own and
compares it with the same TensorFlow session in this process, in turns:

- overhead: one state, one request at a time, over gRPC and REST;
- load: 64 clients at once that each ask for one state, against one batch of 64.

Clients run on the same machine and take their share of it. Prints medians and ratios,
then one line of JSON.
"""

import argparse
import asyncio
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from qtf.quiet_import import import_tensorflow_quietly

SIGNATURE = "rollout"
N_SITES = 7
BATCHING = """
max_batch_size {{ value: {n_clients} }}
batch_timeout_micros {{ value: {timeout} }}
max_enqueued_batches {{ value: 100 }}
num_batch_threads {{ value: 1 }}
"""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--n_steps", type=int, default=100)
    parser.add_argument("--n_clients", type=int, default=64)
    parser.add_argument("--batch_timeout_micros", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    import_tensorflow_quietly()
    with tempfile.TemporaryDirectory() as folder:
        base_path = export(Path(folder) / "ising", arguments.units)
        session = in_process(base_path / "1", arguments)
        with served(base_path) as (grpc_port, rest_port):
            overhead = measure(
                arguments.runs * 3,
                session=lambda: session(1),
                grpc=grpc_caller(grpc_port, arguments),
                rest=rest_caller(rest_port, arguments),
            )
        with served(base_path, *batching_flags(Path(folder), arguments)) as (grpc_port, _):
            load = measure(
                arguments.runs,
                session=lambda: session(arguments.n_clients),
                grpc=load_caller(grpc_port, arguments),
            )
    report(arguments, overhead, load)


def export(base_path: Path, units: int) -> Path:
    """Writes a SavedModel with random weights, which are as fast as trained ones."""
    import keras

    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.physics import Chain, ising

    keras.utils.set_random_seed(0)
    model = TransferableSRU.from_preset("increment", n_max=N_SITES, units=units)
    physics = {"hamiltonian": {"name": "ising"}, "dt": 0.002, "initial_states": "paper"}
    hamiltonians = {N_SITES: ising(Chain(N_SITES))}
    config = {"physics": physics, "data": {"n_sites": [N_SITES]}}
    export_dynamics(model, base_path, hamiltonians, config)
    return base_path


def in_process(version: Path, arguments: argparse.Namespace) -> Callable[[int], Any]:
    """Returns a function that runs a batch in a session of this process."""
    from serving.models.loaded_version import LoadedVersion

    loaded = LoadedVersion("ising", 1, version)
    return lambda size: loaded.run(SIGNATURE, states(size, arguments.n_steps), ("psi_re", "psi_im"))


def states(size: int, n_steps: int) -> dict[str, np.ndarray]:
    """Returns the inputs of a request: random normalised states."""
    psi = np.random.default_rng(0).normal(size=(2, size, 2**N_SITES)).astype(np.float32)
    psi /= np.sqrt(np.sum(psi**2, axis=(0, 2)))[None, :, None]
    return {"psi0_re": psi[0], "psi0_im": psi[1], "n_steps": np.full(size, n_steps, np.int32)}


@contextmanager
def served(base_path: Path, *flags: str) -> Iterator[tuple[int, int]]:
    """Starts the server and yields its gRPC and REST ports."""
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0"]
    command += ["--model_name=ising", f"--model_base_path={base_path}", *flags]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        ready = re.search(r"gRPC \S+:(\d+), REST \S+:(\d+)", process.stdout.readline())
        yield int(ready[1]), int(ready[2])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def batching_flags(folder: Path, arguments: argparse.Namespace) -> list[str]:
    """Writes the batching file and returns the flags for it."""
    file = folder / "batching.config"
    file.write_text(
        BATCHING.format(n_clients=arguments.n_clients, timeout=arguments.batch_timeout_micros)
    )
    return ["--enable_batching", f"--batching_parameters_file={file}"]


def grpc_caller(port: int, arguments: argparse.Namespace) -> Callable[[], Any]:
    """Returns a function that asks for one state over gRPC and reads the answer."""
    from serving.client import Client

    client = Client(f"127.0.0.1:{port}", model="ising")
    psi0 = one_state(arguments)
    return lambda: client.rollout(psi0, arguments.n_steps)


def rest_caller(port: int, arguments: argparse.Namespace) -> Callable[[], Any]:
    """Returns a function that asks for one state over REST and reads the answer."""
    from serving.client import Client

    client = Client(f"http://127.0.0.1:{port}", model="ising")
    psi0 = one_state(arguments)
    return lambda: client.rollout(psi0, arguments.n_steps)


def one_state(arguments: argparse.Namespace) -> np.ndarray:
    """Returns a single complex state."""
    inputs = states(1, arguments.n_steps)
    return inputs["psi0_re"][0] + 1j * inputs["psi0_im"][0]


def load_caller(port: int, arguments: argparse.Namespace) -> Callable[[], Any]:
    """Returns a function that lets every client ask once, all at the same time."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "ising"
    request.model_spec.signature_name = SIGNATURE
    for alias, array in states(1, arguments.n_steps).items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
    loop = asyncio.new_event_loop()
    channel = loop.run_until_complete(_channel(f"127.0.0.1:{port}"))
    predict = channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=predict_pb2.PredictRequest.SerializeToString,
        response_deserializer=predict_pb2.PredictResponse.FromString,
    )

    async def all_at_once() -> None:
        await asyncio.gather(*(predict(request) for _ in range(arguments.n_clients)))

    return lambda: loop.run_until_complete(all_at_once())


async def _channel(address: str) -> Any:
    import grpc

    return grpc.aio.insecure_channel(address)


def measure(runs: int, **functions: Callable[[], Any]) -> dict[str, list[float]]:
    """Returns the seconds of every function, run in turns after a first time unmeasured."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(runs):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return times


def report(
    arguments: argparse.Namespace, overhead: dict[str, list[float]], load: dict[str, list[float]]
) -> None:
    """Prints a table and one line of JSON."""
    result = {"n_sites": N_SITES, **vars(arguments)}
    session = statistics.median(overhead["session"])
    print(f"{'one request at a time':<28}{'median':>10}{'more than the session':>24}")
    for name, times in overhead.items():
        median = statistics.median(times)
        more = statistics.median([t - s for t, s in zip(times, overhead["session"], strict=True)])
        print(f"{name:<28}{median * 1e3:>7.1f} ms{more * 1e3:>21.2f} ms")
        result |= {f"{name}_ms": median * 1e3, f"{name}_overhead_ms": more * 1e3}
    result["session_ms"] = session * 1e3
    ratios = [s / g for s, g in zip(load["session"], load["grpc"], strict=True)]
    n_clients = arguments.n_clients
    print(f"\n{f'{n_clients} states at once':<28}{'median':>10}{'throughput':>24}")
    for name, times in load.items():
        median = statistics.median(times)
        print(f"{name:<28}{median * 1e3:>7.1f} ms{n_clients / median:>16.1f} states/s")
        result[f"load_{name}_ms"] = median * 1e3
    result["load_ratio"] = statistics.median(ratios)
    print(f"share of the session's throughput: {result['load_ratio']:.2f}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
