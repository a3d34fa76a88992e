import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtf.data.schema import amplitudes_of, encode_header, parse_record, read_records, record_size
from qtf.data.schema.records import masked_crc


def _framed(record):
    length = struct.pack("<Q", len(record))
    crc = [struct.pack("<I", masked_crc(content)) for content in (length, record)]
    return length + crc[0] + record + crc[1]


def _record(trajectory=0):
    amplitudes = np.arange(2 * 2 * 4, dtype="<f4")
    return encode_header(2, trajectory, amplitudes.nbytes) + amplitudes.tobytes()


def _file(path, n_records=3):
    path.write_bytes(b"".join(_framed(_record(i)) for i in range(n_records)))
    return path


def _flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@given(st.integers(1, 24), st.integers(0, 2**40), st.binary(max_size=400))
def test_record_equals_the_reference_protocol_buffer(n_sites, trajectory, amplitudes):
    import tensorflow as tf

    record = encode_header(n_sites, trajectory, len(amplitudes)) + amplitudes
    feature = tf.train.Example.FromString(record).features.feature
    assert feature["n_sites"].int64_list.value[:] == [n_sites]
    assert feature["trajectory"].int64_list.value[:] == [trajectory]
    assert feature["amplitudes"].bytes_list.value[:] == [amplitudes]


@given(st.integers(1, 24), st.integers(0, 2**40), st.binary(max_size=400))
def test_parsing_inverts_the_reference_encoder(n_sites, trajectory, amplitudes):
    import tensorflow as tf

    def integer(value):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[amplitudes]))
    features = {"n_sites": integer(n_sites), "amplitudes": content}
    features["trajectory"] = integer(trajectory)
    example = tf.train.Example(features=tf.train.Features(feature=features))
    expected = {"n_sites": n_sites, "trajectory": trajectory, "amplitudes": amplitudes}
    assert parse_record(example.SerializeToString()) == expected


def test_parsing_fails_without_a_feature():
    # An Example with an empty list of features.
    with pytest.raises(ValueError, match="lacks the feature `amplitudes`"):
        parse_record(b"\x0a\x00")


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"\x0a\x7fabc", b"\x0b\x01"])
def test_parsing_fails_on_foreign_bytes(content):
    with pytest.raises(ValueError, match=r"A record is no tf\.train\.Example"):
        parse_record(content)


def test_amplitudes_have_the_stored_order():
    stored = amplitudes_of(_record(), 2, "float32")
    assert np.array_equal(stored, np.arange(16).reshape(2, 2, 4))


def test_amplitudes_fail_on_another_length():
    with pytest.raises(ValueError, match="must have 96 bytes .*, but has 64"):
        amplitudes_of(_record(), 3, "float32")


def test_record_size_is_the_size_in_the_file(tmp_path):
    assert _file(tmp_path / "x", 1).stat().st_size == record_size(2, 0, 64)


def test_masked_crc_of_the_published_vector():
    # CRC-32C of 32 zero bytes is 0x8a9136aa (RFC 3720, B.4).
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def test_reading_yields_all_records(tmp_path):
    assert list(read_records(_file(tmp_path / "x"))) == [_record(i) for i in range(3)]


def test_reading_agrees_with_tensorflow(tmp_path):
    import tensorflow as tf

    path = _file(tmp_path / "x")
    found = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    assert found == list(read_records(path))


@pytest.mark.parametrize(("offset", "part"), [(0, "length"), (9, "length"), (40, "content")])
def test_reading_names_file_and_record_of_a_flipped_bit(tmp_path, offset, part):
    path = _file(tmp_path / "x")
    _flip(path, len(_framed(_record())) + offset)
    with pytest.raises(ValueError, match=f"{path}, record 1: the checksum of its {part}"):
        list(read_records(path))


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_reading_names_file_and_record_where_a_file_ends(tmp_path, cut):
    path = _file(tmp_path / "x")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match=f"{path}, record 2: the file ends after"):
        list(read_records(path))


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_reading_names_the_file_of_damaged_gzip(tmp_path, damage):
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(_file(tmp_path / "plain").read_bytes()))
    if damage == "flip":
        _flip(path, path.stat().st_size // 2)
    else:
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=f"File {path}, record"):
        list(read_records(path, "gzip"))
