"""Writes a model of one dense layer, plain or made for two devices.

A process of its own: devices must be there before TensorFlow has computed anything.
"""

import sys

import tensorflow as tf


def main(directory, n_devices):
    """Writes y = x of a dense layer with one weight that is 1."""
    import keras

    (cpu,) = tf.config.list_physical_devices("CPU")
    devices = [tf.config.LogicalDeviceConfiguration() for _ in range(n_devices)]
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = tf.distribute.MirroredStrategy([f"/cpu:{k}" for k in range(n_devices)])
    with strategy.scope():
        model = keras.Sequential(
            [keras.layers.Input((1,), name="x"), keras.layers.Dense(1, kernel_initializer="ones")]
        )
    model.export(directory, format="tf_saved_model", verbose=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
