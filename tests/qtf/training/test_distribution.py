import pytest
import tensorflow as tf

from qtf.training.distribution import batches, make_strategy


class Numbers:
    """Stands for a dataset: what it is told before it is iterated over."""

    def __init__(self):
        self.context = self.options = None

    def __call__(self, context):
        self.context = context
        return self

    def with_options(self, options):
        self.options = options
        return tf.data.Dataset.range(1, 5)


@pytest.mark.parametrize(
    "strategy",
    [make_strategy("one_device"), tf.distribute.MirroredStrategy(["CPU:0"])],
    ids=["one device", "mirrored"],
)
def test_batches_come_in_order_and_nothing_tunes_them(strategy):
    numbers = Numbers()
    found = batches(strategy, numbers)
    local = [strategy.experimental_local_results(value) for value in found]
    assert [[int(value) for value in values] for values in local] == [[1], [2], [3], [4]]
    # A minute would be lost at the end of every training.
    assert numbers.options.autotune.enabled is False
    assert numbers.context.num_replicas_in_sync == 1
    assert numbers.context.num_input_pipelines == 1
    assert numbers.context.input_pipeline_id == 0
