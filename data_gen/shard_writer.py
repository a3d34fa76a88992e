"""The file of a shard, as the package `tfrecord` opens it."""

import io
from pathlib import Path
from typing import Any, cast

from tfrecord.writer import TFRecordWriter

from qtf.data.writing.record_writer import RecordWriter


class ShardWriter(RecordWriter):
    """Writes a file of trajectories.

    `TFRecordWriter.write` is not used: it copies the amplitudes several times, and the
    order of the features that it writes is not promised.

    Args:
        path: The file.
        compression: `none` or `gzip`.
    """

    def __init__(self, path: Path, compression: str) -> None:
        opened: Any = TFRecordWriter(str(path)).file
        super().__init__(cast(io.BufferedWriter, opened), compression)
