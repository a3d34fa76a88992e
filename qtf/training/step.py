"""One optimiser step on every replica, forward and backward compiled together."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from qtf.training.settings import TrainingSettings

Loss = Callable[[Any], Any]


class TrainingStep:
    """Computes gradients on every replica, sums them, and updates the weights.

    Forward and backward pass are one XLA program inside the replica function, which
    works under every strategy; on a single device the update belongs to it too. Wishes of
    single workers, to stop or to save, are summed beside the gradients, so that all workers
    learn of them in the same step.

    Args:
        strategy: Made the model and the optimiser.
        model: The model.
        optimizer: Built on the model's trainable variables.
        loss: Mean loss over one replica's batch.
        settings: Clipping and compilation.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Loss,
        settings: TrainingSettings,
    ) -> None:
        self.strategy = strategy
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.clip_norm = settings.optimizer.clip_norm
        alone = isinstance(strategy, tf.distribute.OneDeviceStrategy)
        # Without XLA no function of its own: replicas may meet in the loss.
        self._compiled_gradients = (
            tf.function(self._gradients, jit_compile=True, autograph=False)
            if settings.xla and not alone
            else self._gradients
        )
        # Not even a plain graph of its own elsewhere: replicas meet in the update.
        self._replica_update = (
            tf.function(self._update, jit_compile=settings.xla, autograph=False)
            if alone
            else self._update
        )
        self._distributed = tf.function(self._distributed_step, autograph=False)

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step.

        Args:
            batch: Of the distributed dataset.
            stop: Whether this process wants to stop after this step.
            save: Whether this process wants a checkpoint after this step.

        Returns:
            The loss averaged over replicas before the update; whether loss and gradients
            were finite on all replicas; whether any process wants to stop; whether any
            wants a checkpoint.
        """
        wishes = tf.constant([float(stop), float(save)])
        loss, norm, wishes = self._distributed(batch, wishes)
        finite = math.isfinite(float(loss)) and math.isfinite(float(norm))
        return float(loss), finite, bool(wishes[0] > 0), bool(wishes[1] > 0)

    def _distributed_step(self, batch: Any, wishes: Any) -> tuple[Any, ...]:
        results = self.strategy.run(self._replica_step, args=(batch, wishes))
        total = tf.distribute.ReduceOp.SUM
        return tuple(self.strategy.reduce(total, value, axis=None) for value in results)

    def _replica_step(self, batch: Any, wishes: Any) -> tuple[Any, Any, Any]:
        return *self._replica_update(batch), tf.identity(wishes)

    def _update(self, batch: Any) -> tuple[Any, Any]:
        loss, norm, gradients = self._compiled_gradients(batch)
        if self.clip_norm:
            gradients = self._clip(gradients)
        # The optimiser sums gradients over replicas itself.
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss, norm

    def _gradients(self, batch: Any) -> tuple[Any, Any, list[Any]]:
        weights = [variable.value for variable in self.model.trainable_variables]
        with tf.GradientTape() as tape:
            loss = self.loss(batch) / self.strategy.num_replicas_in_sync
        gradients = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # Gradients of look-ups are sparse; every strategy and clipping take dense ones.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        return loss, tf.linalg.global_norm(gradients), gradients

    def _clip(self, gradients: list[Any]) -> list[Any]:
        """Clips the norm of the summed gradient, then hands each replica its share."""
        n_replicas = self.strategy.num_replicas_in_sync
        if n_replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm)
        return [gradient / n_replicas for gradient in gradients]
