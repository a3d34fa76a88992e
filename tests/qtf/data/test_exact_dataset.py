import numpy as np
import pytest
import tensorflow as tf

from qtf.data.exact_dataset import exact_dataset
from qtf.data.exact_source import ExactSource


@pytest.fixture(scope="module")
def source():
    return ExactSource({"name": "ising"}, n_sites=(2, 3), batch_size=2, window=3)


def _batches(dataset, n_batches):
    return [batch["psi"] for batch in dataset.take(n_batches).as_numpy_iterator()]


@pytest.mark.parametrize("start_step", [0, 7, 10_000])
def test_stream_has_the_batches_of_the_source(source, start_step):
    found = _batches(exact_dataset(source, start_step), 12)
    expected = [source.batch(start_step + k)["psi"] for k in range(12)]
    assert all(map(np.array_equal, found, expected))


def test_workers_get_the_replicas_of_a_step(source):
    for pipeline in range(2):
        context = tf.distribute.InputContext(2, pipeline, 4)
        found = _batches(exact_dataset(source, 5, input_context=context), 6)
        places = [(5 + k // 2, 2 * pipeline + k % 2) for k in range(6)]
        assert all(map(np.array_equal, found, [source.batch(*place)["psi"] for place in places]))


def test_stream_fails_on_a_negative_step(source):
    with pytest.raises(ValueError, match="Argument `start_step` must not be negative, but is -1"):
        exact_dataset(source, -1)
