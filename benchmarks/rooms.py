"""The rooms of the benchmarks, and how one of them is measured."""

import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from benchmarks.rows import Row, stamp
from qtf.provenance import machine

# Modules of this package with a function `measure(count)`.
ROOMS = (
    "machine_rates",
    "sru_layer",
    "parallel_scan",
    "training_step",
    "rollout",
    "generation",
    "scaling",
    "large_chains",
    "reading",
    "export",
    "ground_states",
    "reconfiguration",
    "growing",
    "replicas",
)
PEER_ROOMS = (
    "peers.layers",
    "peers.evolution",
    "peers.vmc",
    "peers.lindblad",
    "peers.learning",
)


def measure_room(room: str, runs: int) -> list[Row]:
    """Returns the rows of a room, measured in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measure, room, runs).result()


def _measure(room: str, runs: int) -> list[Row]:
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu)["device_name"] for gpu in gpus]
    rows = importlib.import_module(f"benchmarks.{room}").measure(runs)
    return stamp(rows, machine(", ".join(names)))
