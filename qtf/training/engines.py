"""The choice of what computes a training."""

import keras

from qtf.training.engine import Engine
from qtf.training.settings import TrainingSettings


def make_engine(settings: TrainingSettings) -> Engine:
    """Returns the engine of the framework that Keras runs on.

    Args:
        settings: Devices and precision of the training.

    Raises:
        ValueError: Keras runs on another framework, or this one cannot train as asked.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        from qtf.training.tensorflow_engine import TensorFlowEngine

        return TensorFlowEngine(settings.strategy)
    if backend == "jax":
        from qtf.training.jax_engine import JaxEngine

        return JaxEngine(settings)
    raise ValueError(
        "Variable KERAS_BACKEND must be tensorflow or jax for a training, but is"
        f" {backend}; set it before Keras is imported."
    )
