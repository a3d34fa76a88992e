import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops


class Regression:
    """A task with dropout and data that depend on the step: sensitive to any replay."""

    batch_size = 4
    metric_names = ("loss",)
    state = ()
    damping = None
    has_new_goal = False
    remedy = ""

    def __init__(self, *, poison_at=None, interrupt_at=None, monitor_values=None, dropout=0.3):
        self.dropout = dropout
        self.poison_at = poison_at
        self.interrupt_at = interrupt_at
        self.monitor_values = monitor_values
        self.explained = []

    compiles_itself = False
    takes_steps = False

    def __call__(self):
        """Makes the model: what the loop calls, and then trains."""
        self.model = self.make_model()
        return self

    def make_model(self):
        inputs = keras.Input((3,))
        hidden = keras.layers.Dense(5, "tanh")(inputs)
        if self.dropout:
            hidden = keras.layers.Dropout(self.dropout, seed=1)(hidden)
        return keras.Model(inputs, keras.layers.Dense(1)(hidden))

    def loss(self, batch):
        x, y = batch
        return ops.mean(ops.square(ops.cast(self.model(x, training=True), "float32") - y))

    @property
    def source(self):
        return self

    def dataset(self, start_step=0, *, input_context=None):
        def batch(step):
            if step == self.interrupt_at:
                import os
                import signal

                os.kill(os.getpid(), signal.SIGTERM)
            rng = np.random.default_rng(int(step))
            x = rng.normal(size=(4, 3)).astype("float32")
            y = x.sum(axis=1, keepdims=True)
            return x, np.full_like(y, np.nan) if step == self.poison_at else y

        def load(step):
            x, y = tf.numpy_function(batch, [step], (tf.float32, tf.float32))
            return tf.ensure_shape(x, (4, 3)), tf.ensure_shape(y, (4, 1))

        return tf.data.Dataset.range(start_step, np.iinfo(np.int64).max).map(load)

    def validate(self):
        if self.monitor_values is not None:
            value = self.monitor_values.pop(0)
            value, error = value if isinstance(value, tuple) else (value, 0.0)
            return {"loss": value, "loss_error": error}
        x = np.random.default_rng(99).normal(size=(16, 3)).astype("float32")
        return {
            "loss": float(
                np.mean((np.asarray(self.model(x), "float32") - x.sum(1, keepdims=True)) ** 2)
            )
        }

    def accepts(self, loss, rate):
        return True

    def figures(self):
        return {"nothing": np.zeros((4, 4, 3), np.uint8)}

    def end_epoch(self):
        pass

    def explain_data_loss(self, error):
        self.explained.append(error)


@pytest.fixture
def regression():
    return Regression
