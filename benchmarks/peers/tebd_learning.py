"""Couplings of a chain from shots by differentiable-tebd; runs in the peers' environment.

Wilde et al., arXiv:2209.14328 (2022): states are matrix products, evolved by Trotter steps that JAX
differentiates. Likelihood and slope are those of their package; SciPy's L-BFGS-B minimises, from a
start that is told.
"""

import importlib.util
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from benchmarks.peers.remote import serve
from benchmarks.timing import Run

PACKAGE = "differentiable_tebd"
# Of ten sites every state has at most 32; to t = 1 half of them are below rounding.
BOND_DIMENSION = 16
# Equal singular values have no slope; this makes them differ.
PERTURBATION = 1e-6
TROTTER_STEP = 0.02
# Of the gain of one step in log L, divided by log L.
LEAST_GAIN = 1e-9


def main() -> None:
    """Answers until standard input ends."""
    serve({"is_there": _is_there, "fit": _fit, "distance": _distance})


def _is_there() -> Run:
    """Returns a function that returns 1 where the package is installed, else 0."""
    return lambda: float(importlib.util.find_spec(PACKAGE) is not None)


def _fit(**problem: Any) -> Run:
    """Returns a function that returns the seconds of a fit, compiled before."""
    slope, start = _prepare(**problem), np.array(problem["start"])
    slope(start)

    def run() -> float:
        before = time.perf_counter()
        _minimise(slope, start)
        return time.perf_counter() - before

    return run


def _distance(expected: list[float], errors: list[float], **problem: Any) -> Run:
    """Returns a function that returns how far a fit ends from ours, in error bars."""
    found = _minimise(_prepare(**problem), np.array(problem["start"]))
    off = (found - np.array(expected)) / np.array(errors)
    return lambda: float(np.sqrt(np.mean(off**2)))


def _minimise(slope: Callable, start: np.ndarray) -> np.ndarray:
    options = {"ftol": LEAST_GAIN, "gtol": 0.0}
    return minimize(slope, start, jac=True, method="L-BFGS-B", options=options).x


def _prepare(
    times: list[float], bases: list[str], bits: list[list[str]], start: list[float]
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Returns -log L and its slope as a function of x, y, z and the fields.

    Args:
        times: Time of each setting, ascending.
        bases: Letters of each.
        bits: What was read in each.
        start: Where a fit begins.
    """
    import jax
    from differentiable_tebd.physical_models.heisenberg_disordered import mps_evolution_order2
    from differentiable_tebd.utils.mps import mps_zero_state, norm_squared
    from differentiable_tebd.utils.mps_qubits import local_basis_transform, probability

    number_of = {"X": 1, "Y": 2, "Z": 3}
    moments = sorted(set(times))
    data = []
    for moment in moments:
        rows = [k for k, time_of in enumerate(times) if time_of == moment]
        strings = np.array([[int(bit) for bit in one] for k in rows for one in bits[k]], np.int32)
        letters = [[number_of[letter] for letter in bases[k]] for k in rows for _ in bits[k]]
        data.append((strings, np.array(letters, np.int32)))
    n_sites = len(bases[0])
    first = mps_zero_state(n_sites, BOND_DIMENSION, PERTURBATION, np.random.default_rng(0))

    def log_likelihood(parameters: Any) -> Any:
        state, before, total = first, 0.0, 0.0
        for moment, (strings, letters) in zip(moments, data, strict=True):
            n_steps = round((moment - before) / TROTTER_STEP)
            state, _ = mps_evolution_order2(parameters, TROTTER_STEP, n_steps, state)
            bases_of = [local_basis_transform(state, 1), local_basis_transform(state, 2), state]
            of_shot = partial(probability, *bases_of, mps_norm_squared=norm_squared(state))
            total += jax.numpy.log(jax.vmap(of_shot)(strings, letters)).sum()
            before = moment
        return -total

    both = jax.jit(jax.value_and_grad(log_likelihood))

    def slope(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        value, derivative = both(parameters)
        return float(value), np.asarray(derivative, np.float64)

    return slope


if __name__ == "__main__":
    main()
