"""Shared by all tests: quiet backends and gradients on whichever backend runs."""

import gc
import os
import signal

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Most of the time of the tests goes into compilations, which one then runs a few times.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
    # The older of two ways to write loops, in a third of the time.
    " --xla_cpu_use_fusion_emitters=false",
)
# On a busy machine threads of NumPy wait for one another, up to forty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import psutil
import pytest

# What a shell starts in the background ignores Ctrl-C, and so do all processes that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Of a process that has run a third of the tests.
WORKER_BYTES = 4 * 2**30
# Traced functions are millions of small objects, which to look through takes a tenth of the time.
gc.set_threshold(10_000, 10, 10)


def pytest_collection_modifyitems(items):
    """Puts files with long tests first, so that the last to run are short and no worker waits."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Returns one worker more than there are cores: tests wait for the processes they start."""
    fitting = psutil.virtual_memory().available // WORKER_BYTES
    return max(1, min(len(os.sched_getaffinity(0)) + 1, fitting))


@pytest.fixture
def gradients():
    """Function of (function, arrays): value and gradients of a scalar, as arrays.

    `function` takes the arrays; with `layer` given, gradients in its weights follow.
    """
    import keras

    def by_tensorflow(function, arrays, layer):
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(array) for array in arrays]
        weights = [] if layer is None else [variable.value for variable in layer.variables]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(*tensors)
        found = tape.gradient(value, tensors + weights)
        # Gradients of look-ups are sparse.
        return value, [tf.convert_to_tensor(gradient) for gradient in found]

    def by_jax(function, arrays, layer):
        import jax

        variables = [] if layer is None else layer.variables

        def pure(arrays, values):
            mapping = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return function(*arrays)

        values = [variable.value for variable in variables]
        value, (first, second) = jax.value_and_grad(pure, argnums=(0, 1))(list(arrays), values)
        return value, first + second

    def compute(function, arrays, layer=None):
        backend = {"tensorflow": by_tensorflow, "jax": by_jax}[keras.backend.backend()]
        value, found = backend(function, arrays, layer)
        return float(value), [np.asarray(gradient) for gradient in found]

    return compute


@pytest.fixture
def check_gradients(gradients):
    """Function of (function, arrays): compares gradients of a scalar with central differences.

    Each array is moved by itself along a random direction, then, with `layer` given, all of its
    weights together.
    """
    from keras import ops

    def check(function, arrays, layer=None, *, step=1e-5, tolerance=1e-8):
        rng = np.random.default_rng(0)
        variables = [] if layer is None else layer.variables
        starts = [np.array(one) for one in [*arrays, *variables]]
        directions = [rng.standard_normal(start.shape) for start in starts]
        _, found = gradients(function, arrays, layer)
        n = len(arrays)
        groups = [[i] for i in range(n)] + [[*range(n, len(starts))]] * bool(variables)

        def value(moved):
            for variable, array in zip(variables, moved[n:], strict=True):
                variable.assign(array)
            return float(function(*map(ops.convert_to_tensor, moved[:n])))

        for group in groups:
            plus, minus = list(starts), list(starts)
            for i in group:
                plus[i] = starts[i] + step * directions[i]
                minus[i] = starts[i] - step * directions[i]
            expected = (value(plus) - value(minus)) / (2 * step)
            slope = sum(np.sum(found[i] * directions[i]) for i in group)
            assert slope == pytest.approx(expected, rel=tolerance, abs=tolerance)

    return check


@pytest.fixture(autouse=True)
def _process_as_it_was():
    """Takes back what commands that run in this process say of their backend and of Ctrl-C."""
    before, handler = dict(os.environ), signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)
    # As little as can be: threads of C may read it meanwhile.
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@pytest.fixture(autouse=True, scope="session")
def _double_precision_in_jax():
    if os.environ.get("KERAS_BACKEND") == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
