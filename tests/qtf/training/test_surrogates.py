import keras
import numpy as np

from qtf.training.surrogates import with_gradient_of, with_gradients


def test_value_has_the_gradients_that_are_given():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.standard_normal(shape)) for shape in ((3, 2), (4,), ())]
    gradients = [rng.standard_normal(variable.shape).astype("float32") for variable in variables]
    with tf.GradientTape() as tape:
        # Its own gradient would be 14 times the first weights.
        value = 7.0 * tf.reduce_sum(tf.square(variables[0].value))
        made = with_gradients(tf.cast(value, tf.float64), gradients, variables)
    assert float(made) == np.float32(value)
    found = tape.gradient(made, [variable.value for variable in variables])
    for one, other in zip(found, gradients, strict=True):
        np.testing.assert_array_equal(one, other)


def test_value_has_the_gradient_of_the_surrogate():
    import tensorflow as tf

    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        made = with_gradient_of(tf.constant(5.0), x**2)
    assert float(made) == 5.0
    assert float(tape.gradient(made, x)) == 6.0
