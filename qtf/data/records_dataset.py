"""Records of one chain length in a shuffled order that can be entered at any position."""

from collections.abc import Sequence

import tensorflow as tf

from qtf.data.schema import AMPLITUDES

# Files read side by side, so that a block of records mixes several of them.
_CYCLE = 8

# Kinds of random choices; no two of them share a seed.
_FILES, _RECORDS, _WINDOWS = _CHOICES = range(3)


class RecordStream:
    """Passes over files without end, each in an order of its own.

    Args:
        files: Paths.
        counts: Number of records of each.
        compression: As `tf.data.TFRecordDataset` takes it.
        seed: Seed of the orders.
        block: Number of records shuffled together.
        in_memory: All records, file after file (sum of counts,), or None to read files.
    """

    def __init__(
        self,
        files: Sequence[str],
        counts: Sequence[int],
        *,
        compression: str,
        seed: int,
        block: int,
        in_memory: tf.Tensor | None = None,
    ) -> None:
        self._files = tf.constant(list(files))
        self._counts = tf.constant(list(counts), tf.int64)
        self._starts = tf.cumsum(self._counts, exclusive=True)
        self._n_records = sum(counts)
        self._compression = compression
        self._seed = tf.constant(seed, tf.int64)
        self._block = min(block, self._n_records)
        self._in_memory = in_memory

    def dataset(self, start: int) -> tf.data.Dataset:
        """Returns the endless stream from record `start` on.

        Args:
            start: Number of records left out, passes included.

        Returns:
            Dataset of (seed of the record's own choices (2,), record).
        """
        first, skipped = divmod(start, self._n_records)
        begun = self._pass(tf.constant(first, tf.int64), skipped)
        # An int64 range that no training reaches the end of.
        following = tf.data.Dataset.range(first + 1, 1 << 62)
        return begun.concatenate(following.flat_map(lambda number: self._pass(number, 0)))

    def _pass(self, number: tf.Tensor, skipped: int) -> tf.data.Dataset:
        # What lies before the block is left out before anything is shuffled or parsed.
        first_block, skipped_in_block = divmod(skipped, self._block)
        blocks = self._order(number).skip(first_block * self._block).batch(self._block)
        shuffled = blocks.enumerate(first_block).map(
            lambda index, block: _shuffle(block, self._seed_of(_RECORDS, number, index))
        )
        records = shuffled.prefetch(1).unbatch().enumerate(first_block * self._block)
        return records.skip(skipped_in_block).map(
            lambda position, record: (self._seed_of(_WINDOWS, number, position), record)
        )

    def _seed_of(self, kind: int, number: tf.Tensor, index: tf.Tensor | int) -> tf.Tensor:
        return tf.stack([self._seed + index, len(_CHOICES) * number + kind])

    def _order(self, number: tf.Tensor) -> tf.data.Dataset:
        n_files = len(self._counts)
        order = _shuffle(tf.range(n_files), self._seed_of(_FILES, number, 0))
        files = tf.data.Dataset.from_tensor_slices(order)
        return files.interleave(self._read, cycle_length=min(_CYCLE, n_files), block_length=1)

    def _read(self, file: tf.Tensor) -> tf.data.Dataset:
        records = self._in_memory
        if records is None:
            return tf.data.TFRecordDataset(self._files[file], self._compression)
        start = self._starts[file]
        numbers = tf.data.Dataset.range(start, start + self._counts[file])
        return numbers.map(lambda i: records[i])


class BatchParser:
    """Cuts windows out of batches of records.

    Args:
        n_sites: Number of spins.
        n_times: Number of states of a stored trajectory.
        window: Number of states of a window.
        stored: Stored precision, `float32` or `float64`.
        dtype: Precision of the batch.
    """

    def __init__(self, *, n_sites: int, n_times: int, window: int, stored: str, dtype: str) -> None:
        self._shape = (window, 2, 2**n_sites)
        self._n_starts = n_times - window + 1
        self._stored, self._dtype = tf.as_dtype(stored), tf.as_dtype(dtype)
        self._state_bytes = 2 * 2**n_sites * self._stored.size

    def random_window(self, seeds: tf.Tensor, records: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns a batch whose windows start at random times.

        Args:
            seeds: int64 (batch, 2).
            records: Serialized examples (batch,).

        Returns:
            `{"psi": (batch, window, 2, 2**n_sites)}`.
        """
        starts = tf.map_fn(self._start, seeds, fn_output_signature=tf.int32)
        return self._windows(records, starts)

    def _start(self, seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform((), seed, 0, self._n_starts, tf.int32)

    def _windows(self, records: tf.Tensor, starts: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {AMPLITUDES: tf.io.FixedLenFeature((), tf.string)}
        stored = tf.io.parse_example(records, features)[AMPLITUDES]
        n_bytes = self._shape[0] * self._state_bytes
        # Bytes outside the window are dropped before they become numbers.
        lengths = tf.fill(tf.shape(starts), n_bytes)
        cut = tf.strings.substr(stored, starts * self._state_bytes, lengths)
        psi = tf.io.decode_raw(cut, self._stored, little_endian=True)
        return {"psi": tf.cast(tf.reshape(psi, (-1, *self._shape)), self._dtype)}


def _shuffle(values: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    order = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(values)[0]), seed)
    return tf.gather(values, order)
