import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.distribution import SpinDistribution
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import all_bits, all_spins

EVERY = all_spins(6).astype(np.int32)
POWERS = 1 << np.arange(5, -1, -1)


def wave_function(seed=0, dtype="float64", **options):
    network = GRUNetwork(n_positions=6, units=6, dtype=dtype)
    rng = np.random.default_rng(seed)
    for variable in network.variables:
        variable.assign(0.7 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype=dtype, **options)


@pytest.fixture(scope="module")
def psi():
    return wave_function()


@pytest.fixture(scope="module")
def distribution(psi):
    return SpinDistribution(psi)


def probabilities(psi):
    return np.exp(2 * np.asarray(psi(all_bits(6).astype(np.int32))[0]))


@pytest.mark.parametrize("options", [{}, {"zero_magnetization": True, "sites": (3, 1, 0, 5, 4, 2)}])
def test_probabilities_are_those_of_psi_and_add_up_to_one(options):
    psi = wave_function(**options)
    found = SpinDistribution(psi).prob(EVERY).numpy()
    np.testing.assert_allclose(found, probabilities(psi), rtol=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    # Spin +1 is bit 0.
    if options:
        assert found[EVERY.sum(axis=1) != 0].max() == 0.0


def test_samples_follow_the_probabilities(distribution, psi):
    spins = distribution.sample(20_000, seed=(1, 0)).numpy()
    assert set(np.unique(spins)) == {-1, 1}
    counts = np.bincount((1 - spins) // 2 @ POWERS, minlength=64)
    expected = 20_000 * probabilities(psi)
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    assert scipy.stats.chisquare(observed, wanted).pvalue > 1e-4


@pytest.mark.parametrize("shape", [(), 3, (2, 3), (4, 1, 2)])
def test_samples_of_any_shape_have_their_log_probabilities(distribution, shape):
    spins = distribution.sample(shape, seed=(2, 0))
    shape = (shape,) if shape == 3 else shape
    assert (spins.shape, spins.dtype) == ((*shape, 6), tf.int32)
    found = distribution.log_prob(spins)
    index = (1 - spins.numpy()) // 2 @ POWERS
    np.testing.assert_allclose(found, distribution.log_prob(EVERY).numpy()[index], rtol=1e-12)
    assert (distribution.event_shape, distribution.batch_shape) == ((6,), ())
    assert distribution.event_shape_tensor().numpy().tolist() == [6]
    assert distribution.batch_shape_tensor().numpy().tolist() == []


def test_the_same_seed_gives_the_same_samples(distribution):
    first, again, other = (
        distribution.sample(50, seed=seed).numpy() for seed in ((7, 1), (7, 1), (7, 2))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    # A single number counts, as everywhere in TensorFlow, from the global seed on.
    counted = []
    for _ in range(2):
        tf.random.set_seed(3)
        counted.append(distribution.sample(50, seed=7).numpy())
    np.testing.assert_array_equal(*counted)


def test_variational_loss_is_the_divergence_of_two_wave_functions(distribution, psi):
    other = SpinDistribution(wave_function(seed=1))
    p, q = distribution.prob(EVERY).numpy(), other.prob(EVERY).numpy()
    exact = np.sum(p * np.log(p / q))
    with tf.GradientTape() as tape:
        found = tfp.vi.monte_carlo_variational_loss(
            target_log_prob_fn=other.log_prob,
            surrogate_posterior=distribution,
            sample_size=20_000,
            gradient_estimator=tfp.vi.GradientEstimators.SCORE_FUNCTION,
            seed=(3, 0),
        )
    error = np.sqrt(np.sum(p * (np.log(p / q) - exact) ** 2) / 20_000)
    assert abs(found - exact) < 4 * error
    # Its gradient, by the score function, is that of the exact divergence.
    weights = [variable.value for variable in psi.trainable_variables]
    sampled = tape.gradient(found, weights)
    with tf.GradientTape() as tape:
        log_p = distribution.log_prob(EVERY)
        divergence = tf.reduce_sum(tf.exp(log_p) * (log_p - np.log(q)))
    for one, gradient in zip(sampled, tape.gradient(divergence, weights), strict=True):
        np.testing.assert_allclose(one, gradient, atol=0.1)


def test_metropolis_steps_keep_the_distribution(distribution, psi):
    def flip_one(states, seed):
        (spins,) = states
        seed = tfp.random.sanitize_seed(seed)
        site = tf.random.stateless_uniform((len(spins),), seed, maxval=6, dtype=tf.int32)
        return [spins * (1 - 2 * tf.one_hot(site, 6, dtype=spins.dtype))]

    (end,), accepted = tfp.mcmc.sample_chain(
        num_results=6,
        current_state=[distribution.sample(4000, seed=(4, 0))],
        kernel=tfp.mcmc.RandomWalkMetropolis(distribution.log_prob, new_state_fn=flip_one),
        trace_fn=lambda _, results: results.is_accepted,
        seed=(5, 0),
    )
    weights, index = probabilities(psi), np.arange(64)
    flipped = np.stack([weights[index ^ (1 << site)] for site in range(6)])
    rate = weights @ np.minimum(1, flipped / weights).mean(axis=0)
    error = np.sqrt(rate * (1 - rate) / 4000)
    assert abs(np.mean(accepted[-1]) - rate) < 4 * error
    expected = weights @ EVERY
    errors = np.sqrt((1 - expected**2) / 4000)
    assert (np.abs(np.mean(end[-1], axis=0) - expected) < 4 * errors).all()


def test_floating_spins_serve_statistics(psi):
    distribution = SpinDistribution(psi, dtype=tf.float64)
    spins = distribution.sample(20_000, seed=(6, 0))
    weights, mean = probabilities(psi), probabilities(psi) @ EVERY
    exact = (EVERY * weights[:, None]).T @ EVERY - np.outer(mean, mean)
    np.testing.assert_allclose(tfp.stats.covariance(spins), exact, atol=0.03)
    np.testing.assert_array_equal(
        distribution.log_prob(spins), SpinDistribution(psi).log_prob(tf.cast(spins, tf.int32))
    )


def test_distribution_works_inside_a_graph_and_as_a_copy(psi):
    distribution = SpinDistribution(psi)

    @tf.function
    def drawn(n):
        spins = distribution.sample(n, seed=(1, 2))
        return spins, distribution.log_prob(spins)

    spins, log_probs = drawn(tf.constant(5))
    np.testing.assert_array_equal(spins, distribution.sample(5, seed=(1, 2)))
    np.testing.assert_allclose(log_probs, distribution.log_prob(spins), rtol=1e-12)
    copy = distribution.copy(dtype=tf.float32)
    assert (copy.psi, copy.dtype) == (psi, tf.float32)


def test_single_precision_is_kept():
    distribution = SpinDistribution(wave_function(dtype="float32"))
    assert distribution.log_prob(distribution.sample(2, seed=(0, 0))).dtype == tf.float32


def test_other_values_are_refused_if_asked(psi):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Spins must be .1 or -1"):
        SpinDistribution(psi, validate_args=True).log_prob(np.zeros((2, 6), np.int32))
    assert SpinDistribution(psi, validate_args=True).log_prob(EVERY).shape == (64,)


def test_another_backend_is_named(psi, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match='backend must be "tensorflow", but is "jax"'):
        SpinDistribution(psi)
