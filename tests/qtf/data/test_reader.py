import shutil

import numpy as np
import pytest
import tensorflow as tf

from qtf.data.reader import TrajectoryReader, load_trajectories

# About seven records of three spins to a block, so that a pass has several blocks.
BLOCK_MEGABYTES = 0.02


def _reader(folder, **changes):
    arguments = {"batch_size": 4, "window": 6, "seed": 5, "shuffle_megabytes": BLOCK_MEGABYTES}
    return TrajectoryReader(folder, **{**arguments, **changes})


def _batches(dataset, n_batches):
    return [batch["psi"] for batch in dataset.take(n_batches).as_numpy_iterator()]


def _equal(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def _places(batches, psi):
    """Returns (trajectory, start) of every window, found among all stored windows."""
    window = batches[0].shape[1]
    parts = np.stack((psi.real, psi.imag), axis=2)
    places = []
    for found in np.concatenate(batches):
        hits = [
            (i, k)
            for i, k in np.argwhere((parts == found[0]).all(axis=(2, 3)))
            if np.array_equal(parts[i, k : k + window], found)
        ]
        assert len(hits) == 1
        places += hits
    return np.array(places)


def _context(pipeline, n_pipelines, n_replicas):
    return tf.distribute.InputContext(n_pipelines, pipeline, n_replicas)


@pytest.fixture(scope="module")
def stream(data_dir):
    return _batches(_reader(data_dir).dataset(), 90)


def test_batches_have_one_length_and_the_contract_s_shape(stream):
    assert {batch.shape for batch in stream} == {(4, 6, 2, 4), (4, 6, 2, 8)}
    assert {batch.dtype for batch in stream} == {np.dtype("float32")}


@pytest.mark.parametrize("start_step", [1, 17, 75])
def test_stream_entered_at_a_step_equals_the_whole(data_dir, stream, start_step):
    entered = _batches(_reader(data_dir).dataset(start_step), 12)
    assert _equal(entered, stream[start_step : start_step + 12])


def test_stream_does_not_depend_on_the_global_seed(data_dir, stream):
    tf.random.set_seed(123)
    assert _equal(_batches(_reader(data_dir).dataset(), 20), stream[:20])


def test_stream_is_the_same_from_memory(data_dir, stream):
    cached = _reader(data_dir, cache=True)
    assert _equal(_batches(cached.dataset(), 60), stream[:60])
    assert _equal(_batches(cached.dataset(31), 20), stream[31:51])


def test_seeds_give_different_streams(data_dir, stream):
    other = _batches(_reader(data_dir, seed=6).dataset(), 20)
    assert not _equal(other, stream[:20])


@pytest.mark.parametrize("n_sites", [2, 3])
def test_pass_has_every_trajectory_once(data_dir, n_sites):
    psi = load_trajectories(data_dir, "train", n_sites)
    reader = _reader(data_dir, n_sites=(n_sites,), batch_size=5)
    n_batches = len(psi) // 5
    batches = _batches(reader.dataset(), 2 * n_batches)
    places = _places(batches, psi)[:, 0].reshape(2, -1)
    assert np.array_equal(np.sort(places), np.tile(np.arange(len(psi)), (2, 1)))
    assert not np.array_equal(places[0], places[1])
    assert not np.array_equal(places[0], np.sort(places[0]))


def test_windows_start_at_every_time(data_dir):
    psi = load_trajectories(data_dir, "train", 3)
    reader = _reader(data_dir, n_sites=(3,), window=19)
    starts = _places(_batches(reader.dataset(), 15), psi)[:, 1]
    assert set(starts) == {0, 1, 2}


def test_lengths_are_those_of_the_mixture(data_dir, stream):
    drawn = _reader(data_dir).mixture.n_sites_at(np.arange(90))
    assert [2**n for n in drawn] == [batch.shape[-1] for batch in stream]


def test_weights_change_the_mixture(data_dir):
    batches = _batches(_reader(data_dir, weights=(1, 9)).dataset(), 100)
    assert sum(batch.shape[-1] == 8 for batch in batches) > 75


def test_gzip_and_float64_give_the_same_windows(float64_gzip_dir, data_dir):
    # One block holds all, so that the different sizes of records do not matter.
    arguments = {"shuffle_megabytes": 10.0}
    single = _batches(_reader(data_dir, **arguments).dataset(), 10)
    double = _batches(_reader(float64_gzip_dir, dtype="float64", **arguments).dataset(), 10)
    assert double[0].dtype == np.float64
    assert all(np.array_equal(a, b.astype(np.float32)) for a, b in zip(single, double, strict=True))


def test_pipelines_share_no_trajectory_and_agree_on_lengths(data_dir, stream):
    psi = load_trajectories(data_dir, "train", 3)
    reader = _reader(data_dir)
    streams = [_batches(reader.dataset(input_context=_context(i, 3, 3)), 40) for i in range(3)]
    lengths = [[batch.shape[-1] for batch in batches] for batches in (*streams, stream[:40])]
    assert lengths[0] == lengths[1] == lengths[2] == lengths[3]
    places = [_places([b for b in s if b.shape[-1] == 8], psi)[:, 0].tolist() for s in streams]
    seen = [list(dict.fromkeys(numbers)) for numbers in places]
    assert sorted(sum(seen, [])) == list(range(25))
    # Two with as many trajectories take them in different orders.
    assert len(seen[0]) == len(seen[1])
    assert np.argsort(seen[0]).tolist() != np.argsort(seen[1]).tolist()


def test_replicas_of_a_step_have_one_length(data_dir):
    reader, context = _reader(data_dir), _context(0, 1, 2)
    whole = _batches(reader.dataset(input_context=context), 76)
    drawn = reader.mixture.n_sites_at(np.arange(38))
    assert [batch.shape[-1] for batch in whole] == np.repeat(2**drawn, 2).tolist()
    for start_step in (3, 30):
        entered = _batches(reader.dataset(start_step, input_context=context), 16)
        assert _equal(entered, whole[2 * start_step : 2 * start_step + 16])


def test_dataset_fails_with_fewer_files_than_pipelines(data_dir):
    with pytest.raises(ValueError, match="each of the 4 input pipelines, but n = 2 has only 3"):
        _reader(data_dir).dataset(input_context=_context(0, 4, 4))


def test_dataset_fails_on_a_negative_step(data_dir):
    with pytest.raises(ValueError, match="Argument `start_step` must not be negative, but is -2"):
        _reader(data_dir).dataset(-2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "Argument `batch_size` must be positive, but is 0"),
        ({"window": 22}, "Argument `window` must be from 1 to 21.*but is 22"),
        ({"window": 0}, "Argument `window` must be from 1 to 21.*but is 0"),
        ({"dtype": "int8"}, "Argument `dtype` must be one of float32, float64, but is .int8"),
        ({"shuffle_megabytes": 0}, "Argument `shuffle_megabytes` must be positive"),
        ({"n_sites": (2, 8)}, "Argument `n_sites` must be one of"),
        ({"split": "test"}, "Split 'test' has no trajectories"),
    ],
)
def test_reader_fails_on_a_wrong_argument(data_dir, changes, message):
    with pytest.raises(ValueError, match=message):
        _reader(data_dir, **changes)


def test_flipped_byte_is_named_by_file_and_record(own_dir):
    path = own_dir / "train-n03-00001-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 + 100] ^= 1
    path.write_bytes(content)
    reader = _reader(own_dir, n_sites=(3,))
    with pytest.raises(tf.errors.DataLossError) as raised:
        _batches(reader.dataset(), 7)
    with pytest.raises(ValueError, match=f"File {path}, record 4: the checksum"):
        reader.explain_data_loss(raised.value)


def test_explaining_fails_without_a_fault(data_dir):
    with pytest.raises(ValueError, match="a second reading found no fault: lost"):
        _reader(data_dir).explain_data_loss(RuntimeError("lost"))


def test_flipped_byte_is_found_when_opening_with_digests(own_dir):
    path = own_dir / "validation-n02-00000-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"File {path} does not have the sha256"):
        _reader(own_dir, verify="sha256")


def test_flipped_byte_is_named_when_read_into_memory(own_dir):
    path = own_dir / "train-n02-00000-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"File {path}, record 9"):
        _reader(own_dir, cache=True).dataset()


@pytest.mark.parametrize("name", ["data [1]", "d*", "back\\slash"])
def test_a_folder_of_any_name_is_read(data_dir, tmp_path, stream, name):
    shutil.copytree(data_dir, tmp_path / name)
    assert _equal(_batches(_reader(tmp_path / name).dataset(), 3), stream[:3])
