import contextlib

import keras
import numpy as np
import pytest

from qtf.training.weight_files import digest_of, load_weights, save_weights


@pytest.fixture
def model():
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(50), keras.layers.Dense(1)])


@pytest.fixture
def path(tmp_path, model):
    path = tmp_path / "run[1]" / "a.weights.h5"
    path.parent.mkdir()
    save_weights(model, path)
    return path


def test_weights_come_back(model, path):
    before = model.get_weights()
    for weight in model.weights:
        weight.assign(0.0 * weight)
    load_weights(model, path)
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_weights_without_digest_are_taken_as_they_are(model, path):
    model.save_weights(path)
    load_weights(model, path)


def test_changed_bits_of_weights_are_found(model, path):
    content = path.read_bytes()
    kernel = model.get_weights()[0].tobytes()
    start = content.index(kernel)
    for place in (start, start + len(kernel) // 2, start + len(kernel) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="a.weights.h5 are damaged: they are not those"):
            load_weights(model, path)


def test_no_change_of_a_file_is_taken_for_other_weights_or_ends_in_a_traceback(model, path):
    content, before = path.read_bytes(), model.get_weights()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content), size=60):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(8)
        path.write_bytes(changed if place % 2 else content[:place])
        with contextlib.suppress(ValueError):
            load_weights(model, path)
            for found, expected in zip(model.get_weights(), before, strict=True):
                np.testing.assert_array_equal(found, expected)


def test_weights_of_another_model_are_named(path):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="Weights .*a.weights.h5 do not fit the model"):
        load_weights(other, path)


def test_the_digest_is_that_of_the_weights(model, path, tmp_path):
    before = digest_of(path)
    assert digest_of(path) == before
    model.weights[0].assign(0.5 * model.weights[0])
    save_weights(model, path)
    assert digest_of(path) != before
    (tmp_path / "no.weights.h5").write_bytes(b"no")
    with pytest.raises(ValueError, match="no.weights.h5 are damaged"):
        digest_of(tmp_path / "no.weights.h5")
