"""Which devices and processes train together."""

import itertools
from collections.abc import Callable, Iterator
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
) -> Iterator[Any]:
    """Returns the stream that every replica of a strategy takes its batches from.

    Args:
        strategy: Of `make_strategy`.
        make_dataset: Makes the dataset of one worker, with a batch for each of its replicas
            in every step.
    """
    if not isinstance(strategy, tf.distribute.OneDeviceStrategy):
        return _batches_of_replicas(strategy, make_dataset)
    if tf.config.list_logical_devices("GPU"):
        return iter(strategy.distribute_datasets_from_function(make_dataset))
    # Nothing has to be carried to another device.
    return iter(_without_tuning(make_dataset(tf.distribute.InputContext())))


def _batches_of_replicas(
    strategy: tf.distribute.Strategy,
    make_dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> Iterator[Any]:
    # A dataset that TensorFlow distributes is tuned behind our back.
    n_replicas = strategy.num_replicas_in_sync
    by_replica = strategy.experimental_distribute_values_from_function
    here = strategy.experimental_local_results(by_replica(lambda c: c.replica_id_in_sync_group))
    context = tf.distribute.InputContext(
        num_input_pipelines=n_replicas // len(here),
        input_pipeline_id=here[0] // len(here),
        num_replicas_in_sync=n_replicas,
    )
    stream = iter(_without_tuning(make_dataset(context)))
    while True:
        step = dict(zip(here, itertools.islice(stream, len(here)), strict=False))
        if len(step) < len(here):
            return
        yield by_replica(lambda context, step=step: step[context.replica_id_in_sync_group])


def _without_tuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    # Whoever gives up a dataset that TensorFlow tunes may have to wait for the tuning to wake up,
    # which is up to a minute.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


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
