import tensorflow as tf

from qtf.training.distribution import batches, make_strategy


def numbers(context):
    return tf.data.Dataset.range(context.num_replicas_in_sync, 5)


def test_one_cpu_takes_batches_that_nothing_tunes():
    found = batches(make_strategy("one_device"), numbers)
    assert found.options().autotune.enabled is False
    assert [int(number) for number in found] == [1, 2, 3, 4]


def test_replicas_take_theirs_from_the_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    found = batches(strategy, numbers)
    assert isinstance(found, tf.distribute.DistributedDataset)
    assert [int(number) for number in found] == [1, 2, 3, 4]
