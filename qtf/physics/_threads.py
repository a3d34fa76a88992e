"""One thread of BLAS where more of them only wait for one another.

Threads of OpenBLAS spin until all have done their part. Beside other work on the same cores one
of them is late again and again, and a small product takes ten to a hundred times as long as
with one thread; on idle cores small matrices hardly gain by more.
"""

import contextlib
import functools
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

# Elements of a matrix of this size, 1024 x 1024 or the 30 vectors of a Krylov space of 15
# spins. Measured with two threads on two busy cores: eigenvectors of 8 to 11 spins take 3 to 5
# times as long as with one, Krylov steps of 9 to 14 spins 2 to 32 times.
SMALL = 1 << 20


# The number of threads is one for the whole process: of several Python threads, one at a time
# takes threads away, and the same one gives them back.
_TAKING_AWAY = threading.RLock()


@contextlib.contextmanager
def one_thread(n_elements: int) -> Iterator[None]:
    """Leaves BLAS one thread while something small is computed.

    Args:
        n_elements: Size of the largest matrix in it.
    """
    if n_elements > SMALL or not _TAKING_AWAY.acquire(blocking=False):
        yield
        return
    try:
        with _controller("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"):
            yield
    finally:
        _TAKING_AWAY.release()


@functools.cache
def _controller(with_scipy: bool) -> "ThreadpoolController":
    """Returns what controls the libraries loaded so far; SciPy has a BLAS of its own."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
