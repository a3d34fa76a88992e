import threading

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from qtf.physics import (
    Chain,
    Eigenbasis,
    Lindbladian,
    chebyshev_evolve,
    decay,
    ising,
    krylov_evolve,
    krylov_step,
)
from qtf.physics._arnoldi import exponential_evolve
from qtf.physics._threads import SMALL, one_thread

# Loaded for its library of linear algebra.
assert scipy.linalg


def blas_threads():
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield


def test_small_matrices_take_one_thread_and_give_the_others_back():
    with one_thread(SMALL):
        assert blas_threads() == {1}
        with one_thread(4):
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {2}


def test_large_matrices_keep_their_threads():
    with one_thread(SMALL + 1):
        assert blas_threads() == {2}


def test_threads_come_back_after_a_mistake():
    with pytest.raises(ZeroDivisionError), one_thread(4):
        1 / 0  # noqa: B018
    assert blas_threads() == {2}


@pytest.mark.parametrize("main_is_first", [True, False])
def test_contexts_of_several_threads_end_in_any_order(main_is_first):
    inside, leave = threading.Event(), threading.Event()

    def compute():
        with one_thread(4):
            inside.set()
            leave.wait(timeout=10)

    def start():
        other.start()
        assert inside.wait(timeout=10)

    other = threading.Thread(target=compute)
    if not main_is_first:
        start()
    with one_thread(4):
        if main_is_first:
            assert blas_threads() == {1}
            start()
            assert blas_threads() == {1}
    leave.set()
    other.join()
    assert blas_threads() == {2}


PSI = np.eye(8)[:2]
CALLS = {
    "eigenvectors": lambda h: Eigenbasis.from_hamiltonian(h),
    "eigenbasis": lambda h: Eigenbasis.from_hamiltonian(h).evolve(PSI, [1.0]),
    "propagator": lambda h: Eigenbasis.from_hamiltonian(h).propagator(1.0),
    "krylov": lambda h: krylov_evolve(h, PSI, [1.0]),
    "krylov step": lambda h: krylov_step(h, PSI, 1.0, krylov_dimension=4),
    "chebyshev": lambda h: chebyshev_evolve(h, PSI, [1.0]),
    "open system": lambda h: Lindbladian(h, decay(3)).evolve(np.eye(8) / 8, [1.0]),
    "steady state": lambda h: Lindbladian(h, decay(3)).steady_state(),
    "arnoldi": lambda h: exponential_evolve(
        lambda v: h.to_dense() @ v, np.ones(8), np.ones(1), 1e-3
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_exact_evolution_of_few_spins_takes_one_thread(name, monkeypatch):
    seen = []
    limit = ThreadpoolController.limit

    def noted(self, **keywords):
        seen.append(keywords)
        return limit(self, **keywords)

    monkeypatch.setattr(ThreadpoolController, "limit", noted)
    CALLS[name](ising(Chain(3)))
    assert seen
    assert all(keywords == {"limits": 1, "user_api": "blas"} for keywords in seen)
    assert blas_threads() == {2}
