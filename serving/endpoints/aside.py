"""Work that is done beside the event loop when there is much of it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
# Beyond so many bytes, requests are read and answers written without holding up the others.
LARGE = 2**17
_N_THREADS = 4
# Not the threads of asyncio: models are loaded there, and a load may take minutes.
_THREADS = ThreadPoolExecutor(_N_THREADS, "aside")


async def aside(size: int, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Calls a function, in a thread when it has much to do.

    Args:
        size: Bytes that it reads or writes.
        function: Function to call.
        *args: Arguments of the function.
        **options: Keyword arguments of the function.
    """
    if size < LARGE:
        return function(*args, **options)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, lambda: function(*args, **options))
