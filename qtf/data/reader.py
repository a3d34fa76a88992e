"""Batches of trajectories from shards, as a stream that can be entered at any step.

For every chain length there is an endless stream of records: pass after pass over its
files. In a pass the files are taken in random order, several of them interleaved, and
records are shuffled in blocks. Every random choice is a function of (seed, chain length,
pass, position), never of a generator's state, so batch k is the same whether the stream
started at step 0 or at step k. The chain length of a step is a function of (seed, step).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from qtf.checks import COUNT, POSITIVE, OneOf, check_arguments
from qtf.data.loading import load_trajectories
from qtf.data.mixing import Mixture, mixed_seed
from qtf.data.records_dataset import BatchParser, RecordStream
from qtf.data.schema import DTYPES, Manifest, Shard, read_records
from qtf.data.streams import local_replicas, mixed_stream

__all__ = ["TrajectoryReader", "load_trajectories"]


class TrajectoryReader:
    """Reads batches of windows of trajectories; each batch has one chain length.

    A batch is `{"psi": (batch_size, window, 2, 2**n_sites)}`, real parts at index 0 and
    imaginary parts at index 1 of the axis before the last; `window` states follow one
    another in steps of the manifest's `dt`.

    Args:
        data_dir: Folder written by the generator.
        batch_size: Trajectories of a batch, for each replica.
        window: Number of states of a window; its start is random.
        split: `train`, `validation` or `test`.
        n_sites: Chain lengths to read; by default all of the split.
        weights: How often each chain length is drawn; by default equally often.
        seed: Seed of order, windows and chain lengths.
        shuffle_megabytes: Size of a block of records that is shuffled, for each chain
            length; about three blocks are held in memory.
        cache: Whether to hold all records in memory, which are then read only once.
        dtype: `float32` or `float64` of the batches.
        verify: `size` checks that all files are there with the right size, `sha256`
            also reads them all and compares the digests.

    Raises:
        ValueError: An argument, the folder, the manifest or a file is not as it must be.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        batch_size: int,
        window: int,
        split: str = "train",
        n_sites: Sequence[int] | None = None,
        weights: Sequence[float] | None = None,
        seed: int = 0,
        shuffle_megabytes: float = 32.0,
        cache: bool = False,
        dtype: str = "float32",
        verify: str = "size",
    ) -> None:
        self.data_dir = Path(data_dir)
        self.manifest = Manifest.load(self.data_dir, verify=verify)
        self.split = split
        check_arguments(COUNT, batch_size=batch_size)
        check_arguments(OneOf(DTYPES), dtype=dtype)
        check_arguments(POSITIVE, shuffle_megabytes=shuffle_megabytes)
        self.batch_size = batch_size
        self.window = _checked_window(window, self.manifest.n_times)
        chosen = self.manifest.n_sites(split) if n_sites is None else tuple(n_sites)
        self._shards = {n: self.manifest.shards(split, n) for n in chosen}
        self.mixture = Mixture(chosen, weights=weights, seed=seed)
        self.dtype = dtype
        self._shuffle_bytes = 1e6 * shuffle_megabytes
        self._cache: dict[str, tf.Tensor] | None = {} if cache else None

    @property
    def n_sites(self) -> tuple[int, ...]:
        """The chain lengths that are read."""
        return self.mixture.n_sites

    def dataset(
        self, start_step: int = 0, *, input_context: tf.distribute.InputContext | None = None
    ) -> tf.data.Dataset:
        """Returns the endless stream of batches from `start_step` on.

        Args:
            start_step: First step; `dataset(k)` equals `dataset(0).skip(k)`.
            input_context: For a distributed strategy: the files of every chain length are
                divided among the input pipelines, all of which draw the same chain length
                for a step, and a step has one batch for each local replica.

        Returns:
            Dataset of batches; see the class.

        Raises:
            ValueError: `start_step` is negative, or there are fewer files of a chain
                length than input pipelines.
        """
        if start_step < 0:
            raise ValueError(f"Argument `start_step` must not be negative, but is {start_step}.")

        def stream(index: int, n_batches: int) -> tf.data.Dataset:
            return self._batches(self.n_sites[index], n_batches, input_context)

        replicas = local_replicas(input_context)
        mixed = mixed_stream(self.mixture, stream, start_step=start_step, replicas=replicas)
        return mixed.with_options(_options()).prefetch(tf.data.AUTOTUNE)

    def batch(self, step: int) -> Mapping[str, np.ndarray]:
        """Refuses: files are read by TensorFlow, as a stream.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            'Files of trajectories are read by TensorFlow; on JAX set `data.source` to "exact".'
        )

    def explain_data_loss(self, error: Exception) -> None:
        """Finds the damaged record behind an error of TensorFlow, and raises its name.

        Args:
            error: What a dataset of this reader raised, usually `tf.errors.DataLossError`.

        Raises:
            ValueError: Always; names file and record if a second reading finds a fault.
        """
        for split_shards in self._shards.values():
            for shard in split_shards:
                self._check_readable(shard, error)
        raise ValueError(
            f"Reading {self.data_dir} failed, but a second reading found no fault: {error}"
        ) from error

    def _check_readable(self, shard: Shard, error: Exception) -> None:
        try:
            for _ in read_records(self._path(shard), self.manifest.compression):
                pass
        except ValueError as fault:
            raise fault from error

    def _batches(
        self, n_sites: int, n_batches: int, context: tf.distribute.InputContext | None
    ) -> tf.data.Dataset:
        """Returns the batches of one chain length after the first `n_batches`."""
        shards = _own_shards(self._shards[n_sites], context)
        pipeline = 0 if context is None else context.input_pipeline_id
        stream = RecordStream(
            [self._path(shard) for shard in shards],
            [shard.n_trajectories for shard in shards],
            compression=_compression(self.manifest),
            seed=mixed_seed(self.mixture.seed, n_sites, pipeline),
            block=self._block(n_sites),
            in_memory=self._in_memory(shards),
        )
        records = stream.dataset(n_batches * self.batch_size).batch(
            self.batch_size, drop_remainder=True
        )
        parser = self._parser(n_sites, self.window)
        return records.map(parser.random_window, num_parallel_calls=2).prefetch(2)

    def _parser(self, n_sites: int, window: int) -> BatchParser:
        return BatchParser(
            n_sites=n_sites,
            n_times=self.manifest.n_times,
            window=_checked_window(window, self.manifest.n_times),
            stored=self.manifest.dtype,
            dtype=self.dtype,
        )

    def _block(self, n_sites: int) -> int:
        record_bytes = self.manifest.n_times * 2 ** (n_sites + 1)
        record_bytes *= np.dtype(self.manifest.dtype).itemsize
        return max(1, int(self._shuffle_bytes / record_bytes))

    def _in_memory(self, shards: Sequence[Shard]) -> tf.Tensor | None:
        if self._cache is None:
            return None
        for shard in shards:
            if shard.file not in self._cache:
                records = read_records(self._path(shard), self.manifest.compression)
                self._cache[shard.file] = tf.constant(list(records))
        return tf.concat([self._cache[shard.file] for shard in shards], 0)

    def _path(self, shard: Shard) -> str:
        return str(self.data_dir / shard.file)


def _own_shards(
    shards: Sequence[Shard], context: tf.distribute.InputContext | None
) -> Sequence[Shard]:
    if context is None:
        return shards
    n_pipelines = context.num_input_pipelines
    if len(shards) < n_pipelines:
        raise ValueError(
            f"There must be a file for each of the {n_pipelines} input pipelines, but n ="
            f" {shards[0].n_sites} has only {len(shards)}; generate with larger `min_shards`."
        )
    return shards[context.input_pipeline_id :: n_pipelines]


def _compression(manifest: Manifest) -> str:
    return {"none": "", "gzip": "GZIP"}[manifest.compression]


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options


def _checked_window(window: int, n_times: int) -> int:
    if not 1 <= window <= n_times:
        raise ValueError(
            f"Argument `window` must be from 1 to {n_times}, the states of a trajectory,"
            f" but is {window}."
        )
    return window
