"""Writes trajectories as records and digests the bytes on their way to the file."""

import gzip
import hashlib
import io
import struct
from typing import Any, BinaryIO, cast

import numpy as np

from qtf.data.schema import encode_header, masked_crc

_GZIP_LEVEL = 6


class RecordWriter:
    """Writes trajectories in the TFRecord framing and digests the bytes on their way.

    Args:
        opened: The file, open for writing; it is closed with this.
        compression: `none` or `gzip`.
    """

    def __init__(self, opened: io.BufferedWriter, compression: str) -> None:
        self._raw = _DigestingFile(opened)
        self._file: Any = self._raw
        if compression == "gzip":
            # A fixed time and no name keep the bytes the same in every run.
            self._file = gzip.GzipFile("", "wb", _GZIP_LEVEL, cast(BinaryIO, self._raw), mtime=0)

    @property
    def n_bytes(self) -> int:
        """Bytes written so far."""
        return self._raw.n_bytes

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the bytes written so far."""
        return self._raw.digest.hexdigest()

    def write_trajectories(self, n_sites: int, first: int, amplitudes: np.ndarray) -> None:
        """Writes one record for each trajectory.

        Args:
            n_sites: Number of spins.
            first: Index of the first trajectory.
            amplitudes: C-contiguous little-endian array (n_trajectories, n_times, 2, 2**n).
        """
        for i, trajectory in enumerate(amplitudes):
            content = trajectory.data.cast("B")
            header = encode_header(n_sites, first + i, content.nbytes)
            length = struct.pack("<Q", len(header) + content.nbytes)
            self._file.write(b"".join((length, struct.pack("<I", masked_crc(length)), header)))
            # The amplitudes are never copied on their way to the file.
            self._file.write(content)
            self._file.write(struct.pack("<I", masked_crc(header, content)))

    def __enter__(self) -> "RecordWriter":
        """Returns itself; leaving the block closes the file."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Closes the file; after an error, what is still buffered is dropped."""
        try:
            if kind is None:
                self._finish()
        finally:
            self._abandon()

    def _finish(self) -> None:
        if self._file is not self._raw:
            self._file.close()
        self._raw.flush()

    def _abandon(self) -> None:
        if self._file is not self._raw and not self._file.closed:
            # The compressor writes what it still holds when closed or collected.
            self._file.fileobj = io.BytesIO()
            self._file.close()
        self._raw.close()


class _DigestingFile(io.RawIOBase):
    """Passes bytes on to a file, counts them, and digests them."""

    def __init__(self, file: io.BufferedWriter) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()
        self.n_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.digest.update(content)
        self.n_bytes += len(content)
        return self._file.write(content)

    def flush(self) -> None:
        super().flush()
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        # What is still buffered after an error belongs to a file that is thrown away;
        # the unbuffered file closes without trying to write it once more.
        self._file.raw.close()
        super().close()
