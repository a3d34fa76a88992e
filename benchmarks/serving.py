"""How much of the model's own speed is left behind the server.

    python -m benchmarks.serving [--units=512] [--runs=7] [--docs=docs/serving.md]

Exports a network of the recommended size, starts the server in a process of its own and
compares it with the same TensorFlow session in this process, in turns:

- overhead: one state, one request at a time, over gRPC and REST;
- load: 64 clients at once that each ask for one state, against one batch of 64.

Clients run on the same machine and take their share of it. Prints medians and ratios,
then one line of JSON; `--docs` puts the tables into a page, between two comments.
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

from benchmarks.export import N_SITES, export_network, random_states
from qtf.quiet_import import import_tensorflow_quietly
from reports.tables import table

BEGIN = "<!-- written by benchmarks/serving.py -->"
END = "<!-- end -->"
NAMES = {
    "session": "session in this process",
    "grpc": "client, gRPC",
    "rest": "client, REST",
}
SIGNATURE = "rollout"
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
    parser.add_argument("--batch_timeout_micros", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--docs", type=Path)
    arguments = parser.parse_args()
    import_tensorflow_quietly()
    with tempfile.TemporaryDirectory() as folder:
        base_path = Path(folder) / "ising"
        export_network(base_path, units=arguments.units)
        session = in_process(base_path / "1", arguments)
        with serve(base_path) as (grpc_port, rest_port):
            overhead = measure(
                arguments.runs * 3,
                session=lambda: session(1),
                grpc=grpc_caller(grpc_port, arguments),
                rest=rest_caller(rest_port, arguments),
            )
        with serve(base_path, *batching_flags(Path(folder), arguments)) as (grpc_port, _):
            load = measure(
                arguments.runs,
                session=lambda: session(arguments.n_clients),
                grpc=load_caller(grpc_port, arguments),
            )
    tables = [overhead_table(overhead), load_table(load, arguments.n_clients)]
    text = "\n\n".join(tables)
    print(text)
    print(json.dumps(facts(arguments, overhead, load)))
    if arguments.docs is not None:
        insert(arguments.docs, text)


def in_process(version: Path, arguments: argparse.Namespace) -> Callable[[int], Any]:
    """Returns a function that runs a batch in a session of this process."""
    from serving.models.loaded_version import LoadedVersion

    loaded = LoadedVersion("ising", 1, version)
    return lambda size: loaded.run(SIGNATURE, states(size, arguments.n_steps), ("psi_re", "psi_im"))


def states(size: int, n_steps: int) -> dict[str, np.ndarray]:
    """Returns the inputs of a request: random normalised states."""
    psi = random_states(size)
    steps = np.full(size, n_steps, np.int32)
    return {"psi0_re": psi.real.copy(), "psi0_im": psi.imag.copy(), "n_steps": steps}


@contextmanager
def serve(base_path: Path, *flags: str) -> Iterator[tuple[int, int]]:
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


def overhead_table(times: dict[str, list[float]]) -> str:
    """Returns what one request takes, and how much of it is not the session's."""
    rows = [
        [NAMES[name], spread(values), milliseconds(differences(times, name))]
        for name, values in times.items()
    ]
    head = ["one state, one request at a time", "median (range)", "beyond the session"]
    return table(head, rows, right=())


def load_table(times: dict[str, list[float]], n_clients: int) -> str:
    """Returns what many clients at once get, as a share of one batch."""
    rows = []
    for name, values in times.items():
        rate = n_clients / statistics.median(values)
        rows.append([NAMES[name], spread(values), f"{rate:.0f}", f"{share(times, name):.2f}"])
    head = [f"{n_clients} states at once", "median (range)", "states a second", "share"]
    return table(head, rows, right=())


def differences(times: dict[str, list[float]], name: str) -> list[float]:
    """Returns how much longer than the session each run took; runs next to each other."""
    return [a - b for a, b in zip(times[name], times["session"], strict=True)]


def share(times: dict[str, list[float]], name: str) -> float:
    """Returns the median share of the session's throughput."""
    return statistics.median(b / a for a, b in zip(times[name], times["session"], strict=True))


def spread(values: list[float]) -> str:
    """Returns median, smallest and largest time."""
    low, high = min(values) * 1e3, max(values) * 1e3
    return f"{milliseconds(values)} ({low:.1f} to {high:.1f})"


def milliseconds(values: list[float]) -> str:
    """Returns the median of times."""
    return f"{statistics.median(values) * 1e3:.1f} ms"


def facts(
    arguments: argparse.Namespace, overhead: dict[str, list[float]], load: dict[str, list[float]]
) -> dict[str, Any]:
    """Returns the figures by name, for programs."""
    result = {key: value for key, value in vars(arguments).items() if key != "docs"}
    result["n_sites"] = N_SITES
    for name in overhead:
        result[f"{name}_ms"] = statistics.median(overhead[name]) * 1e3
        result[f"{name}_overhead_ms"] = statistics.median(differences(overhead, name)) * 1e3
    return result | {"load_share": share(load, "grpc")}


def insert(page: Path, text: str) -> None:
    """Replaces what stands between the two comments of a page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
