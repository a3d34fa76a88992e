"""Which devices and processes train together."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Makes a strategy from its name in `qtf.training.settings.STRATEGIES`.

    Args:
        name: "one_device" (the first GPU, else the CPU), "mirrored" (all GPUs of this
            machine, else all its logical CPUs) or "multi_worker" (the processes that
            the environment variable TF_CONFIG names).
    """
    if name == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    gpus = tf.config.list_logical_devices("GPU")
    devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(devices)
    return tf.distribute.OneDeviceStrategy(devices[0])


def batches(
    strategy: tf.distribute.Strategy,
    make_dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> Any:
    """Returns the stream that every replica of a strategy takes its batches from.

    Args:
        strategy: Of `make_strategy`.
        make_dataset: Makes the dataset of one worker.
    """
    one_device = isinstance(strategy, tf.distribute.OneDeviceStrategy)
    if not one_device or tf.config.list_logical_devices("GPU"):
        return strategy.distribute_datasets_from_function(make_dataset)
    # Nothing has to be carried to another device. Whoever gives up a dataset that TensorFlow tunes
    # may have to wait for the tuning to wake up, which is up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    return make_dataset(tf.distribute.InputContext()).with_options(options)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes the run folder."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker"
        and resolver.task_id == 0
        and "chief" not in resolver.cluster_spec().jobs
    )


def worker_name(strategy: tf.distribute.Strategy) -> str:
    """Returns a name of this process for its own temporary files."""
    resolver: Any = strategy.cluster_resolver
    return "0" if resolver is None else f"{resolver.task_type}-{resolver.task_id}"
