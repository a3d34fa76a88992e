import json

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.data.loading import load_trajectories
from qtf.physics import Chain, ising, sample_initial_states


@pytest.mark.parametrize("n_sites", [2, 3])
def test_trajectories_obey_the_schroedinger_equation(float64_gzip_dir, n_sites):
    psi = load_trajectories(float64_gzip_dir, "train", n_sites)
    step = expm(-0.01j * ising(Chain(n_sites)).to_dense())
    assert psi.dtype == np.complex128
    assert np.abs(psi[:, 1:] - psi[:, :-1] @ step.T).max() < 1e-13


def test_trajectories_start_from_the_states_of_law_and_seed(float64_gzip_dir):
    psi = load_trajectories(float64_gzip_dir, "train", 3)
    expected = sample_initial_states("paper", 3, 25, seed=7, stream=(1, 3))
    assert np.array_equal(psi[:, 0], expected)


def test_precisions_agree(data_dir, float64_gzip_dir):
    single = load_trajectories(data_dir, "validation", 3)
    double = load_trajectories(float64_gzip_dir, "validation", 3)
    assert single.dtype == np.complex64
    assert single.shape == (5, 21, 8)
    assert np.abs(single - double).max() < 1e-7


def test_n_samples_takes_the_first(data_dir):
    psi = load_trajectories(data_dir, "train", 2)
    assert np.array_equal(load_trajectories(data_dir, "train", 2, 11), psi[:11])


def test_n_times_keeps_the_first_states_only(data_dir):
    psi = load_trajectories(data_dir, "train", 2)
    found = load_trajectories(data_dir, "train", 2, 4, n_times=2)
    assert found.shape == (4, 2, 4)
    # No view of what was read: the memory is that of the states that are kept.
    assert found.base is None
    assert np.array_equal(found, psi[:4, :2])
    assert np.array_equal(load_trajectories(data_dir, "train", 2, n_times=1000), psi)


def test_splits_share_no_trajectory(data_dir):
    train = load_trajectories(data_dir, "train", 2)[:, 0]
    validation = load_trajectories(data_dir, "validation", 2)[:, 0]
    assert np.abs(train[:, None] - validation).max(axis=2).min() > 1e-3


@pytest.mark.parametrize("n_samples", [0, 6])
def test_loading_fails_on_a_wrong_number(data_dir, n_samples):
    message = f"Argument `n_samples` must be from 1 to 5.*but is {n_samples}"
    with pytest.raises(ValueError, match=message):
        load_trajectories(data_dir, "validation", 2, n_samples)


def test_loading_names_the_record_of_a_flipped_byte(own_dir):
    path = own_dir / "train-n03-00001-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}, record 4: the checksum of its content"):
        load_trajectories(own_dir, "train", 3)


def test_loading_names_the_file_that_has_fewer_records_than_the_manifest_says(own_dir):
    path = own_dir / "manifest.json"
    manifest = json.loads(path.read_text())
    shard = [shard for shard in manifest["files"] if shard["file"].startswith("train-n02")][-1]
    shard["n_trajectories"] += 1
    path.write_text(json.dumps(manifest))
    count = shard["n_trajectories"]
    message = f"File {own_dir / shard['file']} must have {count} records, but has {count - 1}"
    with pytest.raises(ValueError, match=message):
        load_trajectories(own_dir, "train", 2)
