import json
import struct

import numpy as np
import pytest

from data_gen.verification import verify
from qtf.data.schema import encode_header, file_sha256, parse_record, read_records
from qtf.data.schema.records import masked_crc

FILE = "train-n03-00000-of-00002.tfrecord"


def _problems(folder, **arguments):
    return "\n".join(verify(folder, progress=False, **arguments).problems)


def _edit_manifest(folder, change):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def _rewrite(folder, records):
    """Writes records with right checksums, and makes the manifest agree with the file."""
    path = folder / FILE
    path.write_bytes(b"".join(map(_framed, records)))
    fresh = {"n_bytes": path.stat().st_size, "sha256": file_sha256(path)}

    def change(content):
        next(s for s in content["files"] if s["file"] == FILE).update(fresh)

    _edit_manifest(folder, change)


def _framed(record):
    length = struct.pack("<Q", len(record))
    crc = [struct.pack("<I", masked_crc(content)) for content in (length, record)]
    return length + crc[0] + record + crc[1]


def _with_amplitudes(record, change):
    features = parse_record(record)
    amplitudes = np.frombuffer(features["amplitudes"], "<f4").reshape(13, 2, 8).copy()
    content = change(amplitudes).tobytes()
    return encode_header(3, features["trajectory"], len(content)) + content


def _with_wrong(value):
    def change(amplitudes):
        amplitudes[4, 0, 2] = value
        return amplitudes

    return change


def test_good_folder_has_no_problems(written):
    found = verify(written, progress=False)
    assert found.problems == ()
    assert (found.n_files, found.n_records, found.n_samples) == (8, 16, 12)


def test_all_records_are_sampled_if_asked_for(written):
    assert verify(written, n_samples=99, progress=False).n_samples == 16


def test_flipped_byte_is_named_twice(own_dir):
    path = own_dir / FILE
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    problems = _problems(own_dir)
    assert f"File {path} does not have the sha256" in problems
    assert f"File {path}, record 1: the checksum of its content" in problems


def test_flipped_byte_with_a_changed_manifest_is_found_by_its_record(own_dir):
    path = own_dir / FILE
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)

    def change(manifest):
        next(s for s in manifest["files"] if s["file"] == FILE)["sha256"] = file_sha256(path)

    _edit_manifest(own_dir, change)
    problems = verify(own_dir, progress=False).problems
    assert "record 1: the checksum of its content" in problems[0]
    assert "must have 2 records, but 1 can be read" in problems[1]


def test_missing_file_is_named(own_dir):
    (own_dir / FILE).unlink()
    assert f"File {own_dir / FILE} is missing" in _problems(own_dir)


def test_truncated_file_is_named(own_dir):
    path = own_dir / FILE
    path.write_bytes(path.read_bytes()[:-7])
    problems = _problems(own_dir)
    assert f"File {path} must have" in problems
    assert "record 1: the file ends after" in problems


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.9])
def test_wrong_number_is_found_by_the_norm(own_dir, value):
    first, *rest = read_records(own_dir / FILE)
    _rewrite(own_dir, [_with_amplitudes(first, _with_wrong(value)), *rest])
    problems = _problems(own_dir, n_samples=0)
    assert f"File {own_dir / FILE}, record 0: the norm must be 1 at every time" in problems
    assert "at step 4" in problems


def test_conjugated_trajectory_is_found_by_the_equation(own_dir):
    first, *rest = read_records(own_dir / FILE)
    signs = np.array([1, -1], "<f4")[:, None]
    _rewrite(own_dir, [_with_amplitudes(first, lambda a: a * signs), *rest])
    assert _problems(own_dir, n_samples=0) == ""
    problems = _problems(own_dir)
    assert "record 0: its first state is not the one of law and seed" in problems
    assert "record 0: it does not obey the Schroedinger equation" in problems


def test_exchanged_times_are_found_by_the_equation(own_dir):
    first, *rest = read_records(own_dir / FILE)
    order = [0, 1, 2, 4, 3, *range(5, 13)]
    _rewrite(own_dir, [_with_amplitudes(first, lambda a: a[order]), *rest])
    assert "it does not obey the Schroedinger equation" in _problems(own_dir)


def test_doubled_record_is_found(own_dir):
    first, _ = read_records(own_dir / FILE)
    _rewrite(own_dir, [first, first])
    assert "record 1: `trajectory` must be 1, but is 0" in _problems(own_dir)


def test_lacking_record_is_found(own_dir):
    _rewrite(own_dir, list(read_records(own_dir / FILE))[:1])
    assert "must have 2 records, but 1 can be read" in _problems(own_dir)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\x0a\x00", "lacks the feature"),
        (encode_header(3, 0, 8) + bytes(8), "must have 832 bytes"),
        (encode_header(2, 0, 416) + bytes(416), "`n_sites` must be 3, but is 2"),
    ],
)
def test_foreign_record_is_found(own_dir, record, message):
    _, second = read_records(own_dir / FILE)
    _rewrite(own_dir, [record, second])
    problems = _problems(own_dir)
    assert f"File {own_dir / FILE}, record 0: " in problems
    assert message in problems


def test_file_left_out_of_the_manifest_is_found(own_dir):
    def change(content):
        content["files"] = [s for s in content["files"] if s["file"] != FILE]

    _edit_manifest(own_dir, change)
    problems = _problems(own_dir)
    assert (
        "train-n03-00001-of-00002.tfrecord must start with trajectory 0, but starts with 2"
        in problems
    )


def test_lacking_trajectories_are_found(own_dir):
    _edit_manifest(own_dir, lambda c: c["settings"]["n_trajectories"].update(train=[7, 6]))
    assert "Split train must have 6 trajectories of 3 spins, but has 5." in _problems(own_dir)


def test_operators_of_another_model_are_found(own_dir):
    _edit_manifest(own_dir, lambda c: c["hamiltonian"].update(coupling=1.1))
    assert "operators for n = 2 are not those of its settings" in _problems(own_dir)


def test_verifying_fails_on_a_negative_number(written):
    with pytest.raises(ValueError, match="Argument `n_samples` must not be negative, but is -1"):
        verify(written, n_samples=-1)
