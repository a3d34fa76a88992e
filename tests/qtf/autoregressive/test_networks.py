"""What holds for every architecture."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.autoregressive.gru import scan_states
from qtf.autoregressive.prefix_tree import conditionals_of_all_prefixes
from qtf.training.compilation import compiled

NETWORKS = {
    "gru": lambda **kw: GRUNetwork(n_positions=6, units=5, **kw),
    "transformer": lambda **kw: Transformer(n_positions=6, units=8, n_attention_heads=2, **kw),
    "transformer of the first kind": lambda **kw: Transformer(
        n_positions=6,
        units=8,
        n_attention_heads=1,
        feed_forward_units=5,
        norm_last=True,
        sinusoidal=True,
        **kw,
    ),
    "pixelcnn": lambda **kw: PixelCNN(shape=(2, 3), width=5, depth=4, **kw),
    "residual pixelcnn": lambda **kw: PixelCNN(shape=(3, 2), width=5, depth=5, residual=True, **kw),
    "lstm_2d": lambda **kw: LSTM2D(shape=(2, 3), units=5, n_layers=1, **kw),
    "deep lstm_2d": lambda **kw: LSTM2D(shape=(3, 2), units=5, n_layers=3, **kw),
    "gated_2d": lambda **kw: GatedRNN2D(shape=(2, 3), units=5, **kw),
    "row_scan": lambda **kw: RowScan(shape=(2, 3), units=5, **kw),
    "tall row_scan": lambda **kw: RowScan(shape=(3, 2), units=5, n_layers=1, **kw),
    "tall gated_2d": lambda **kw: GatedRNN2D(shape=(3, 2), units=5, **kw),
    "gru with context": lambda **kw: GRUNetwork(n_positions=6, units=5, context=True, **kw),
    "gated_2d with context": lambda **kw: GatedRNN2D(shape=(2, 3), units=5, context=True, **kw),
}


@pytest.fixture(scope="module", params=NETWORKS)
def make(request):
    """Function of arguments: the network that they make, one for all who ask for the same."""

    @functools.cache
    def network(**arguments):
        keras.utils.set_random_seed(0)
        made = NETWORKS[request.param](**{"dtype": "float64", **arguments})
        rng = np.random.default_rng(1)
        for variable in made.variables:
            variable.assign(variable + 0.3 * rng.standard_normal(variable.shape))
        return made

    return network


def outcomes(network, batch_size=7, seed=2):
    rng = np.random.default_rng(seed)
    return rng.integers(network.local_dimension, size=(batch_size, 6)).astype("int32")


@pytest.mark.parametrize("name", NETWORKS)
def test_untrained_outputs_depend_on_outcomes(name):
    keras.utils.set_random_seed(0)

    def spread(network):
        outputs = np.asarray(network(outcomes(network)))
        return outputs[:, 1:].std(axis=0).max(axis=-1).min()

    # Otherwise no gradient would tell the outcomes apart, and training would stand still.
    # One may be unlucky: threads that other tests have left draw from the same numbers.
    assert any(spread(NETWORKS[name]()) > 1e-3 for _ in range(3))


@pytest.mark.parametrize("local_dimension", [2, 4])
def test_outputs_depend_on_earlier_outcomes_only(make, local_dimension):
    network = make(local_dimension=local_dimension, heads=(local_dimension,))
    # The first are as they were, then those changed at each position in turn.
    batches = np.tile(outcomes(network), (7, 1, 1))
    for position, changed in enumerate(batches[1:]):
        changed[:, position] = (changed[:, position] + 1) % local_dimension
    before, *others = np.split(np.asarray(network(batches.reshape(49, 6))), 7)
    assert before.shape == (7, 6, local_dimension)
    for position, after in enumerate(others):
        np.testing.assert_allclose(
            after[:, : position + 1], before[:, : position + 1], rtol=0, atol=1e-14
        )
        if position < 5:
            assert np.abs(after[:, position + 1 :] - before[:, position + 1 :]).max() > 1e-4


def test_cached_steps_equal_the_parallel_evaluation(make):
    network = make()
    base = outcomes(network)
    # Compiled by XLA where sampling is; here it would take longer than all the rest.
    step = compiled(network.step, variables=network.variables, xla=False)
    cache, found = network.initial_cache(7), []
    for position in range(6):
        previous = base[:, position - 1] if position else np.zeros_like(base[:, 0])
        output, cache = step(*map(ops.convert_to_tensor, (np.int32(position), previous)), cache)
        found.append(output)
    np.testing.assert_allclose(ops.stack(found, axis=1), network(base), atol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize(("first", "second"), [(2, 3), (3, 5), (4, 6), (1, 4)])
def test_evaluation_may_stop_anywhere_and_go_on_with_other_outcomes(make, first, second):
    network = make()
    old, new = outcomes(network), outcomes(network, seed=3)
    new[:, :first] = old[:, :first]

    def in_parts(old, new):
        old, new = ops.transpose(old), ops.transpose(new)
        parts, cache = [], network.initial_cache(7)
        for sequence, start, stop in ((old, 0, first), (new, first, second), (new, second, 6)):
            if start < stop:
                part, cache = network.evaluate_positions(sequence, start, stop, cache)
                parts.append(part)
        return ops.transpose(ops.concatenate(parts), (1, 0, 2))

    run = compiled(in_parts, variables=network.variables)
    found = run(*(ops.convert_to_tensor(x) for x in (old, new)))
    np.testing.assert_allclose(found, network(new), atol=1e-12)


def test_probabilities_of_all_outcomes_add_up_to_one(make):
    network = make(heads=(2,))
    every = np.array(list(itertools.product((0, 1), repeat=6)), "int32")
    log_probs = np.asarray(ops.log_softmax(network(every), axis=-1))
    chosen = np.take_along_axis(log_probs, every[..., None], axis=-1).sum(axis=(1, 2))
    assert np.exp(chosen).sum() == pytest.approx(1.0, abs=1e-12)
    assert np.exp(chosen).std() > 1e-3


def test_constant_outputs_stay_whatever_came_before(make):
    network = make(local_dimension=3, heads=(3, 1))
    network.make_constant([0.5, -1.0, 2.0, 3.0])
    found = np.asarray(network(outcomes(network)))
    np.testing.assert_allclose(found - [0.5, -1.0, 2.0, 3.0], 0, atol=1e-12)


def test_conditionals_of_all_prefixes_equal_the_parallel_evaluation(make):
    network = make()
    every = np.array(list(itertools.product((0, 1), repeat=6)), "int32")
    expected = np.asarray(network(every))
    found = conditionals_of_all_prefixes(network)
    for position, outputs in enumerate(found):
        np.testing.assert_allclose(outputs, expected[:: 2 ** (6 - position), position], atol=1e-12)


def test_network_is_made_again_from_its_configuration(make):
    network = make(local_dimension=3, heads=(3, 1))
    again = type(network).from_config(network.get_config())
    assert [tuple(v.shape) for v in again.variables] == [tuple(v.shape) for v in network.variables]
    assert again.n_outputs == 4


@pytest.mark.parametrize("xla", [False, True])
def test_gradient_of_the_gru_equals_finite_differences(check_gradients, xla):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((5, 3, 8), (4, 8), (3, 4))]
    weights = rng.standard_normal((5, 3, 4))
    run = compiled(lambda *arrays: ops.sum(weights * scan_states(*arrays)), xla=xla)
    # What compiles may be no plain function, gradients take one.
    check_gradients(lambda *arrays: run(*arrays), arrays)


@pytest.mark.parametrize(
    ("make_wrong", "message"),
    [
        (lambda: GRUNetwork(n_positions=0), "n_positions.* 0"),
        (lambda: GRUNetwork(n_positions=2, units=-1), "units.* -1"),
        (lambda: GRUNetwork(n_positions=2, heads=(2, 0)), "heads.* 0"),
        (lambda: Transformer(n_positions=2, units=6, n_attention_heads=4), "must divide .* 6"),
        (lambda: Transformer(n_positions=2, feed_forward_units=0), "feed_forward_units.* 0"),
        (
            lambda: Transformer(n_positions=2, units=7, n_attention_heads=1, sinusoidal=True),
            "even if `sinusoidal`.* 7",
        ),
        (lambda: PixelCNN(shape=(2, 2), depth=4, residual=True), "depth.* odd .* 4"),
        (lambda: PixelCNN(shape=(2, 0)), "shape.* 0"),
        (lambda: LSTM2D(shape=(0, 2)), "shape.* 0"),
        (lambda: LSTM2D(shape=(2, 2), units=0), "units.* 0"),
        (lambda: LSTM2D(shape=(2, 2), n_layers=0), "n_layers.* 0"),
        (lambda: GatedRNN2D(shape=(2, 0)), "shape.* 0"),
        (lambda: RowScan(shape=(2, 2), n_layers=0), "n_layers.* 0"),
        (lambda: GatedRNN2D(shape=(2, 2), units=-3), "units.* -3"),
    ],
)
def test_mistakes_are_named(make_wrong, message):
    with pytest.raises(ValueError, match=message):
        make_wrong()
