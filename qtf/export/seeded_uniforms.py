"""Random numbers inside a served graph: each row a function of its own seed."""

import tensorflow as tf

# Step of the counter: 2^64 divided by the golden ratio, made odd.
STEP = 0x9E3779B97F4A7C15


def seeded_uniforms(seeds: tf.Tensor, count: int, dtype: tf.DType | str = tf.float32) -> tf.Tensor:
    """Returns uniform random numbers in [0, 1), those of each seed apart from all others.

        u_k(seed) = mix(mix(seed) + k STEP) / 2^64,   k = 1 .. count

    rounded down to the digits of `dtype`; mix is the finaliser of SplitMix64. TensorFlow's own
    stateless generators take one seed for a whole tensor; here the numbers of a seed are the
    same in every batch, so that a server may join requests.

    Args:
        seeds: int64 (batch,), any values.
        count: Numbers for each seed.
        dtype: float32 or float64.

    Returns:
        (count, batch).

    Example:
        >>> seeded_uniforms(tf.constant([7, 8], tf.int64), 3).shape
        TensorShape([3, 2])

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    """
    dtype = tf.as_dtype(dtype)
    digits = {tf.float32: 24, tf.float64: 53}[dtype]
    counter = tf.cast(tf.range(1, count + 1), tf.uint64) * tf.constant(STEP, tf.uint64)
    numbers = mix(mix(tf.bitcast(seeds, tf.uint64)) + counter[:, None])
    return tf.cast(_shift(numbers, 64 - digits), dtype) * tf.constant(2.0**-digits, dtype)


def mix(numbers: tf.Tensor) -> tf.Tensor:
    """Returns uint64 numbers permuted so that each bit depends on every bit."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = tf.bitwise.bitwise_xor(numbers, _shift(numbers, shift))
        numbers = numbers * tf.constant(factor, tf.uint64)
    return tf.bitwise.bitwise_xor(numbers, _shift(numbers, 31))


def _shift(numbers: tf.Tensor, shift: int) -> tf.Tensor:
    return tf.bitwise.right_shift(numbers, tf.constant(shift, numbers.dtype))
