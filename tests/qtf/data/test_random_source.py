import numpy as np
import pytest
import tensorflow as tf

from qtf.data.random_source import RandomSource


def batches(source, start_step, count, **arguments):
    stream = source.dataset(start_step, **arguments)
    return [(batch["uniforms"].numpy(), int(batch["step"])) for batch in stream.take(count)]


def test_stream_is_the_same_from_whatever_step_it_starts():
    source = RandomSource((3, 5), seed=7)
    whole, rest = batches(source, 0, 6), batches(source, 4, 2)
    assert [step for _, step in whole] == list(range(6))
    for (one, step), (other, same_step) in zip(whole[4:], rest, strict=True):
        assert step == same_step
        np.testing.assert_array_equal(one, other)
    assert len({one.tobytes() for one, _ in whole}) == 6


def test_seeds_and_steps_have_numbers_of_their_own():
    first, second = (numbers for numbers, _ in batches(RandomSource((4,), seed=0), 0, 2))
    other_seed = batches(RandomSource((4,), seed=1), 0, 1)[0][0]
    assert len({x.tobytes() for x in (first, second, other_seed)}) == 3


@pytest.mark.parametrize("n_pipelines", [1, 2, 4])
def test_replicas_share_the_samples_of_one_with_as_many(n_pipelines):
    growth = ((3, 2),)
    whole = batches(RandomSource((3, 20), seed=0, growth=growth), 0, 4)
    source, n_here = RandomSource((3, 5), seed=0, growth=growth), 4 // n_pipelines
    larger, whole = whole[3][0], whole[:3]
    parts = []
    for pipeline in range(n_pipelines):
        context = tf.distribute.InputContext(n_pipelines, pipeline, 4)
        stream = batches(source, 0, 3 * n_here, input_context=context)
        assert [step for _, step in stream] == list(np.repeat(range(3), n_here))
        parts.append(np.stack([numbers for numbers, _ in stream]).reshape(3, n_here, 3, 5))
        rest = [x for x, _ in batches(source, 2, 2 * n_here, input_context=context)]
        np.testing.assert_array_equal(rest[:n_here], parts[-1][2])
        place = 10 * n_here * pipeline
        last = np.concatenate(rest[n_here:], axis=1)
        np.testing.assert_array_equal(last, larger[:, place : place + 10 * n_here])
    joined = np.concatenate(parts, axis=1)
    for step, (numbers, _) in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([*joined[step]], axis=1), numbers)


def test_numbers_are_uniform_in_the_asked_precision():
    source = RandomSource((100, 100), seed=0, dtype="float64")
    numbers = batches(source, 3, 1)[0][0]
    assert numbers.dtype == np.float64
    assert 0.0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1.0
    assert abs(numbers.mean() - 0.5) < 0.01


def test_batches_grow_at_the_same_step_wherever_the_stream_starts():
    growth = ((2, 2), (4, 3))
    source = RandomSource((2, 5), seed=3, growth=growth)
    whole = batches(source, 0, 6)
    assert [numbers.shape[1] for numbers, _ in whole] == [5, 5, 10, 10, 15, 15]
    assert [step for _, step in whole] == list(range(6))
    assert source.largest_shape == (2, 15)
    for start in range(6):
        rest = batches(source, start, 6 - start)
        for (one, step), (other, same_step) in zip(whole[start:], rest, strict=True):
            assert step == same_step
            np.testing.assert_array_equal(one, other)
    # Until then nothing has changed, and other engines have as many.
    np.testing.assert_array_equal(whole[1][0], batches(RandomSource((2, 5), seed=3), 1, 1)[0][0])
    sizes = [source.batch(step)["uniforms"].shape for step in range(6)]
    assert sizes == [numbers.shape for numbers, _ in whole]


def test_all_replicas_grow_with_the_same_step():
    source = RandomSource((4, 1), seed=0, growth=((1, 2),))
    context = tf.distribute.InputContext(1, 0, 2)
    whole = batches(source, 0, 4, input_context=context)
    assert [(numbers.shape[1], step) for numbers, step in whole] == [(1, 0), (1, 0), (2, 1), (2, 1)]
