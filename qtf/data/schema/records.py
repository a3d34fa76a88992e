"""One trajectory as a record: a `tf.train.Example` inside the TFRecord framing.

A record has three features: `n_sites` and `trajectory` (its index within the split and
the chain length) as int64, and `amplitudes`, the raw little-endian bytes of an array
(n_times, 2, 2**n_sites), real parts at index 0 and imaginary parts at index 1 of the
middle axis. In a file every record is framed by its length, the masked CRC-32C of the
length, and the masked CRC-32C of the record.

The protocol buffer is written and read here by hand: the library's encoder does not
promise an order of the features, so equal trajectories could give different bytes.
"""

import functools
import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

AMPLITUDES = "amplitudes"
N_SITES = "n_sites"
TRAJECTORY = "trajectory"

FRAME_BYTES = 16
_LENGTH_BYTES = 8
_CRC_BYTES = 4
_CRC_MASK = 0xA282EAD8

_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


def masked_crc(*pieces: bytes | memoryview) -> int:
    """Returns the checksum of the TFRecord format: a rotated CRC-32C plus a constant.

    Args:
        *pieces: Any bytes; the checksum is the one of all of them joined.

    Returns:
        An unsigned 32-bit integer.

    Example:
        >>> hex(masked_crc(b""))
        '0xa282ead8'
    """
    # Here: the settings of a training need the format's constants, and no files.
    from crc32c import crc32c

    crc = 0
    for piece in pieces:
        crc = crc32c(piece, crc)
    return (((crc >> 15) | (crc << 17)) + _CRC_MASK) & 0xFFFFFFFF


def encode_header(n_sites: int, trajectory: int, amplitude_bytes: int) -> bytes:
    """Returns the first bytes of a record; its amplitudes follow and end it.

    Args:
        n_sites: Number of spins.
        trajectory: Index of the trajectory within its split and chain length.
        amplitude_bytes: Number of bytes of the amplitudes.

    Returns:
        Everything of the `tf.train.Example` that stands before the amplitudes.

    Example:
        >>> record = encode_header(2, 5, 4) + b"abcd"
        >>> parse_record(record)["trajectory"]
        5
    """
    before, after = _constant_parts(n_sites, amplitude_bytes)
    middle = _int64_entry(TRAJECTORY, trajectory)
    size = len(before) + len(middle) + len(after) + amplitude_bytes
    return b"".join((_tag(1, size), before, middle, after))


def record_size(n_sites: int, trajectory: int, amplitude_bytes: int) -> int:
    """Returns the bytes that one record takes in a file, framing included.

    Args:
        n_sites: Number of spins.
        trajectory: Index of the trajectory.
        amplitude_bytes: Number of bytes of the amplitudes.

    Returns:
        Number of bytes in an uncompressed file.

    Example:
        >>> record_size(2, 5, 32) - record_size(2, 5, 16)
        16
    """
    return FRAME_BYTES + len(encode_header(n_sites, trajectory, amplitude_bytes)) + amplitude_bytes


def parse_record(record: bytes) -> dict[str, int | bytes]:
    """Returns the features of a serialized `tf.train.Example`.

    Args:
        record: The bytes of one record, without framing.

    Returns:
        `amplitudes` as bytes, `n_sites` and `trajectory` as integers.

    Raises:
        ValueError: The bytes are no such example, or a feature is missing.

    Example:
        >>> parse_record(encode_header(3, 0, 2) + b"xy")["amplitudes"]
        b'xy'
    """
    try:
        features = dict(_entry(entry) for entry in _sub_fields(_only(record, 1), 1))
    except (IndexError, StopIteration, UnicodeDecodeError, struct.error) as error:
        raise ValueError("A record is no tf.train.Example.") from error
    for name in (AMPLITUDES, N_SITES, TRAJECTORY):
        if name not in features:
            raise ValueError(f"A record lacks the feature `{name}`.")
    return features


def amplitudes_of(record: bytes, n_times: int, dtype: str) -> np.ndarray:
    """Returns the amplitudes of a record as an array.

    Args:
        record: The bytes of one record, without framing.
        n_times: Number of states of a trajectory, the one at t = 0 included.
        dtype: `float32` or `float64`, as stored.

    Returns:
        Read-only array (n_times, 2, 2**n_sites) of little-endian `dtype`.

    Raises:
        ValueError: The number of bytes is not the one these arguments imply.

    Example:
        >>> stored = np.arange(8, dtype="<f4").tobytes()
        >>> amplitudes_of(encode_header(1, 0, 32) + stored, 2, "float32")[1, 0]
        array([4., 5.], dtype=float32)
    """
    features = parse_record(record)
    shape = (n_times, 2, 2 ** cast(int, features[N_SITES]))
    content = cast(bytes, features[AMPLITUDES])
    stored = np.dtype(dtype).newbyteorder("<")
    n_bytes = int(np.prod(shape)) * stored.itemsize
    if len(content) != n_bytes:
        raise ValueError(
            f"Feature `{AMPLITUDES}` must have {n_bytes} bytes for shape {shape} of {dtype},"
            f" but has {len(content)}."
        )
    return np.frombuffer(content, stored).reshape(shape)


def read_records(path: Path | str, compression: str = "none") -> Iterator[bytes]:
    """Yields the records of a TFRecord file and checks both checksums of each.

    Args:
        path: The file.
        compression: `none` or `gzip`.

    Yields:
        The bytes of each record, without framing.

    Raises:
        ValueError: A record is damaged or cut off; the message names file and record.
    """
    position = 0
    with _open(path, compression) as file:
        try:
            while record := _next_record(file):
                yield record
                position += 1
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"File {path}, record {position}: {error}") from error


def _open(path: Path | str, compression: str) -> BinaryIO:
    if compression == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return open(path, "rb")


def _next_record(file: BinaryIO) -> bytes | None:
    start = file.read(_LENGTH_BYTES + _CRC_BYTES)
    if not start:
        return None
    _check_length(start, _LENGTH_BYTES + _CRC_BYTES)
    _check_crc("length", start[:_LENGTH_BYTES], start[_LENGTH_BYTES:])
    (length,) = struct.unpack("<Q", start[:_LENGTH_BYTES])
    rest = file.read(length + _CRC_BYTES)
    _check_length(rest, length + _CRC_BYTES)
    record = rest[:length]
    _check_crc("content", record, rest[length:])
    return record


def _check_length(content: bytes, expected: int) -> None:
    if len(content) != expected:
        raise ValueError(f"the file ends after {len(content)} of {expected} bytes of the record.")


def _check_crc(part: str, content: bytes, stored: bytes) -> None:
    expected = struct.unpack("<I", stored)[0]
    checksum = masked_crc(content)
    if checksum != expected:
        raise ValueError(
            f"the checksum of its {part} must be {expected:#010x}, but is {checksum:#010x};"
            " bytes have been changed."
        )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tag(number: int, size: int) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(size)


def _field(number: int, content: bytes) -> bytes:
    return _tag(number, len(content)) + content


@functools.lru_cache
def _constant_parts(n_sites: int, amplitude_bytes: int) -> tuple[bytes, bytes]:
    value = _tag(1, amplitude_bytes)
    feature = _tag(1, len(value) + amplitude_bytes) + value
    key = _field(1, AMPLITUDES.encode())
    feature = _tag(2, len(feature) + amplitude_bytes) + feature
    entry = _tag(1, len(key) + len(feature) + amplitude_bytes) + key + feature
    return _int64_entry(N_SITES, n_sites), entry


def _int64_entry(name: str, value: int) -> bytes:
    feature = _field(3, _field(1, _varint(value)))
    return _field(1, _field(1, name.encode()) + _field(2, feature))


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(content):
        key, position = _read_varint(content, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _read_varint(content, position)
            yield number, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
        if wire == _LENGTH_DELIMITED:
            size, position = _read_varint(content, position)
        if size is None or position + size > len(content):
            raise IndexError("The bytes are no protocol buffer.")
        yield number, content[position : position + size]
        position += size


def _sub_fields(content: bytes, number: int) -> Iterator[bytes]:
    return (value for n, value in _fields(content) if n == number and isinstance(value, bytes))


def _only(content: bytes, number: int) -> bytes:
    return next(_sub_fields(content, number))


def _entry(entry: bytes) -> tuple[str, int | bytes]:
    name = _only(entry, 1).decode()
    kind, values = next(_fields(_only(entry, 2)))
    if not isinstance(values, bytes):
        raise IndexError("A feature holds no list.")
    if kind == 1:
        return name, _only(values, 1)
    _, value = next(_fields(values))
    return name, value if isinstance(value, int) else _read_varint(value, 0)[0]
