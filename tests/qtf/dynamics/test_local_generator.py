import keras
import numpy as np
import pytest
from keras import ops
from scipy.linalg import expm

from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.rollout import Rollout, real_parts
from qtf.physics import Chain, ising, sample_initial_states

from .conftest import dense_generator

DT = 0.05
FIELDS = (0.3, -1.2, 0.7)
KINDS = {
    "uniform": {},
    "range 2": {"interaction_range": 2},
    "site": {"site_dependent": True, "n_sites": 3},
    "fields": {"fields": FIELDS},
}


def generator(kind="uniform", seed=0, **arguments):
    model = LocalGenerator(**{"dt": DT, **KINDS[kind], **arguments})
    model.coefficients.assign(np.random.default_rng(seed).normal(size=model.terms.size))
    return model


def propagator(model, n_sites):
    parts = model.terms.split(np.asarray(model.coefficients))
    return expm(-1j * model.dt * dense_generator(parts, n_sites, FIELDS))


def states(n_sites, batch=3):
    return sample_initial_states("haar", n_sites, batch, seed=1)


def exact(model, psi0, n_steps):
    one_step = propagator(model, psi0.shape[-1].bit_length() - 1)
    psi = [psi0]
    for _ in range(n_steps):
        psi.append(psi[-1] @ one_step.T)
    return np.stack(psi, axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_rollout_equals_powers_of_the_exponential(kind):
    model = generator(kind)
    for n_sites in (3,) if model.terms.n_sites else (1, 2, 4):
        psi0 = states(n_sites)
        found = Rollout(model, xla=False)(psi0, 5)
        np.testing.assert_allclose(found, exact(model, psi0, 5), atol=1e-13)


def test_compiled_rollout_equals_the_plain_one():
    model = generator()
    np.testing.assert_allclose(
        Rollout(model)(states(3), 20), Rollout(model, xla=False)(states(3), 20), atol=1e-14
    )


def test_norm_stays_one_for_a_thousand_steps():
    found = Rollout(generator())(states(3), 1000)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-12)


def test_whole_trajectories_are_advanced_state_by_state():
    model = generator()
    psi = exact(model, states(3), 4)
    found = np.asarray(model(real_parts(psi[:, :-1], "float64")))
    np.testing.assert_allclose(found, real_parts(psi[:, 1:], "float64"), atol=1e-13)


def test_step_keeps_the_empty_memory():
    model = generator()
    psi, cells = model.step(real_parts(states(2), "float64"), model.initial_cells(3))
    assert tuple(psi.shape) == (3, 2, 4)
    assert tuple(cells.shape) == (0, 3, 0)


def test_single_precision_states_are_computed_in_double():
    model = generator()
    psi = real_parts(states(3), "float32")
    found, _ = model.step(psi, model.initial_cells(3))
    expected, _ = model.step(psi.astype("float64"), model.initial_cells(3))
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_ising_coefficients_give_the_ising_chain():
    model = LocalGenerator(DT)
    values = np.zeros(20)
    for name, value in {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}.items():
        values[model.terms.names.index(name)] = value
    model.coefficients.assign(values)
    np.testing.assert_allclose(
        model.hamiltonian(5).to_dense(), ising(Chain(5)).to_dense(), atol=1e-14
    )


@pytest.mark.parametrize("order", [12, None])
def test_gradient_equals_finite_differences(gradients, order):
    if order is None and keras.backend.backend() == "jax":
        pytest.skip("JAX has no reverse mode through loops of unknown length.")
    model = generator(order=order)
    psi = real_parts(exact(generator(seed=1), states(3), 3), "float64")

    def loss(psi):
        return ops.sum(ops.square(model(psi[:, :-1]) - psi[:, 1:]))

    _, (_, found) = gradients(loss, [psi], model)
    start = np.asarray(model.coefficients)
    for k in range(0, 20, 3):
        shift = 1e-6 * np.eye(20)[k]
        model.coefficients.assign(start + shift)
        above = float(loss(psi))
        model.coefficients.assign(start - shift)
        assert found[k] == pytest.approx((above - float(loss(psi))) / 2e-6, abs=1e-7)
    assert np.abs(found).max() > 0.1


def test_gradient_at_zero_is_not_lost_with_the_order(gradients):
    model = LocalGenerator(DT, order=None if keras.backend.backend() == "tensorflow" else 4)
    psi = real_parts(exact(generator(), states(3), 3), "float64")
    loss = lambda psi: ops.sum(ops.square(model(psi[:, :-1]) - psi[:, 1:]))  # noqa: E731
    _, (_, found) = gradients(loss, [psi], model)
    assert (np.abs(found) > 1e-4).all()


@pytest.mark.parametrize("kind", KINDS)
def test_model_round_trip_through_its_config(kind):
    model = generator(kind, order=7)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    copy.set_weights(model.get_weights())
    psi = real_parts(states(3)[:, None], "float64")
    np.testing.assert_array_equal(copy(psi), model(psi))
    assert copy.get_config() == model.get_config()


def test_model_in_other_fields_has_the_same_coefficients():
    model = generator("fields")
    other = model.with_fields([1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(other.coefficients, model.coefficients)
    form = model.terms.split(np.asarray(model.coefficients))["form"]
    change = other.terms.site_fields(np.asarray(other.coefficients), 5)
    same = model.with_fields([0.0] * 5)
    without = same.terms.site_fields(np.asarray(same.coefficients), 5)
    np.testing.assert_allclose(change - without, np.outer([1, 2, 3, 4, 5], form), atol=1e-14)


def test_taylor_order_grows_with_the_chain_unless_given():
    orders = [generator().taylor_order(n) for n in (1, 3, 6)]
    assert orders == sorted(set(orders))
    assert generator(order=9).taylor_order(3) == 9


def test_taylor_order_raises_when_digits_would_be_lost():
    with pytest.raises(ValueError, match=r"`dt` times the bound of \|G\| must be at most 8, but"):
        generator(dt=2.0).taylor_order(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dt": 0.0}, "Argument `dt` must be positive and finite, but is 0.0."),
        ({"dt": np.inf}, "Argument `dt` must be positive and finite, but is inf."),
        ({"dt": np.nan}, "Argument `dt` must be positive and finite, but is nan."),
        ({"order": 0}, "Argument `order` must be positive, but is 0."),
        ({"order": 61}, "Argument `order` must be at most 60, but is 61."),
        ({"n_max": 31}, "Argument `n_max` must be at most 30, but is 31."),
        ({"interaction_range": 0}, "Argument `interaction_range` must be positive, but is 0."),
        ({"interaction_range": 16}, "must be at most 15, below `n_max`, but is 16."),
        ({"n_max": 0}, "Argument `n_max` must be at least 1, but is 0."),
        ({"fields": FIELDS, "n_max": 2}, "Argument `n_max` must be at least 3, but is 2."),
    ],
)
def test_init_raises_on_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalGenerator(**{"dt": DT, **arguments})


@pytest.mark.parametrize(
    "arguments",
    [{"order": 1}, {"order": 60}, {"n_max": 1}, {"n_max": 30}, {"interaction_range": 15}],
)
def test_ends_of_the_ranges_are_allowed(arguments):
    assert LocalGenerator(**{"dt": DT, **arguments}).terms.size


def test_rollout_raises_on_a_chain_of_another_length():
    with pytest.raises(ValueError, match="`n_sites` must be 3, as the fields have it, but is 2"):
        Rollout(generator("fields"), xla=False)(states(2), 1)
    with pytest.raises(ValueError, match="n in 1..3, but is 16"):
        Rollout(generator(n_max=3), xla=False)(states(4), 1)


def test_with_fields_raises_without_given_fields():
    with pytest.raises(ValueError, match="must have been made with `fields`"):
        generator().with_fields([1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model: model(np.ones((2, 2, 4))),
            r"must be \(batch, time, 2, 2\*\*n\), but has shape",
        ),
        (lambda model: model.step(np.ones((2, 4)), None), r"be \(batch, 2, 2\*\*n\), .* \(2, 4\)"),
        (lambda model: model.step(np.ones((1, 2, 4), complex), None), "but is complex"),
        (lambda model: model.step(np.ones((1, 2, 6)), None), "but is 6"),
    ],
)
def test_parts_of_another_shape_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(generator())


def test_prediction_is_linear_in_the_norm():
    model, psi0 = generator(), real_parts(states(3), "float64")
    expected = np.asarray(model.step(psi0, None)[0])
    np.testing.assert_allclose(model.step(1e6 * psi0, None)[0], 1e6 * expected, rtol=1e-12)
