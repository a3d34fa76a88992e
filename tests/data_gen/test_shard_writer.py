"""In processes of their own: `tfrecord` cannot share one with TensorFlow."""

import subprocess
import sys

import pytest

PRELUDE = """
import gzip, hashlib, io, sys
from pathlib import Path
import numpy as np
from data_gen.shard_writer import ShardWriter
path, compression = Path(sys.argv[1]), sys.argv[2]
"""

WRITES = (
    PRELUDE
    + """
from tfrecord.reader import tfrecord_iterator
amplitudes = np.random.default_rng(0).normal(size=(300, 5, 2, 8)).astype("<f4")
with ShardWriter(path, compression) as writer:
    writer.write_trajectories(3, 10, amplitudes[:7])
    writer.write_trajectories(3, 17, amplitudes[7:])
content = path.read_bytes()
assert writer.n_bytes == len(content)
assert writer.sha256 == hashlib.sha256(content).hexdigest()
from tfrecord.example_pb2 import Example
kind = None if compression == "none" else "gzip"
for i, record in enumerate(tfrecord_iterator(str(path), compression_type=kind)):
    feature = Example.FromString(bytes(record)).features.feature
    assert feature["trajectory"].int64_list.value[0] == 10 + i
    assert feature["amplitudes"].bytes_list.value[0] == amplitudes[i].tobytes()
assert i == 299
"""
)

FAILS = (
    PRELUDE
    + """
try:
    with ShardWriter(path, compression) as writer:
        writer.write_trajectories(1, 0, np.zeros((1, 1, 2, 2), "<f4"))
        raise OSError("no space")
except OSError as error:
    assert str(error) == "no space"
assert len(writer.sha256) == 64
"""
)


def _run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_file_is_read_by_the_reference_reader(tmp_path, compression):
    done = _run(WRITES, tmp_path / "x", compression)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_error_leaves_quietly(tmp_path, compression):
    done = _run(FAILS, tmp_path / "x", compression)
    assert (done.returncode, done.stderr) == (0, "")
