"""Laws of random initial states, drawn from streams that any part can be cut out of.

Every sample takes the same number of draws from a counter-based generator (Philox), so
sample i starts at a known counter: it does not depend on which samples are drawn with it.
"""

import functools
import importlib.resources
import json
from collections.abc import Callable, Sequence

import numpy as np

from qtf.physics._checks import checked_choice, checked_integer

MAX_SAMPLED_SITES = 24

# One counter of Philox yields four 64-bit numbers, and a float64 takes one of them.
_DRAWS_PER_COUNTER = 4


def sample_initial_states(
    law: str,
    n_sites: int,
    n_samples: int,
    *,
    seed: int,
    stream: Sequence[int] = (),
    start: int = 0,
) -> np.ndarray:
    """Returns normalised random states; sample i is the same however samples are cut.

    The laws, before normalisation:
        paper: psi_x = a + i b, a uniform in (-1/2, 1/2), b uniform in (0, 1);
        haar: psi_x = a + i b, a and b standard normal, so that the state is uniformly
            distributed on the sphere;
        product: a product of single spins, each uniform on its Bloch sphere.

    Args:
        law: One of `INITIAL_STATE_LAWS`.
        n_sites: Number of spins, at most 24.
        n_samples: Number of states.
        seed: Non-negative integer.
        stream: Non-negative integers; other numbers give independent samples.
        start: Index of the first sample in its stream.

    Returns:
        complex128 array (n_samples, 2**n_sites), samples `start` .. `start + n_samples - 1`.

    Raises:
        ValueError: The law is unknown, or a number is no integer or out of range.

    Example:
        >>> psi = sample_initial_states("paper", 3, 10, seed=0)
        >>> np.array_equal(psi[6:8], sample_initial_states("paper", 3, 2, seed=0, start=6))
        True

    Source: `paper` is fitted to the printed states of zhang2020.
    """
    law = checked_choice("law", law, INITIAL_STATE_LAWS)
    n_sites = checked_integer("n_sites", n_sites, minimum=1, maximum=MAX_SAMPLED_SITES)
    n_samples = checked_integer("n_samples", n_samples, minimum=0)
    start = checked_integer("start", start, minimum=0)
    seed = checked_integer("seed", seed, minimum=0)
    key = [checked_integer("stream", number, minimum=0) for number in stream]
    n_draws, states_of = _LAWS[law]
    key = [INITIAL_STATE_LAWS.index(law), n_sites, *key]
    uniforms = _uniforms(seed, key, n_draws(n_sites), n_samples, start)
    return _normalize(states_of(uniforms))


@functools.cache
def _printed_states() -> dict[int, list[list[float]]]:
    file = importlib.resources.files("qtf.physics") / "paper_initial_states.json"
    return {int(n): pairs for n, pairs in json.loads(file.read_text()).items()}


def printed_state(n_sites: int) -> np.ndarray:
    """Returns the initial state that the paper prints for a chain, normalised.

    Args:
        n_sites: Number of spins, 2 to 7.

    Returns:
        complex128 array (2**n_sites,). The paper prints three decimals.

    Raises:
        ValueError: No state of so many spins is printed.

    Example:
        >>> printed_state(2).round(2)
        array([-0.08+0.2j , -0.46+0.36j,  0.37+0.6j , -0.27+0.2j ])

    Source: supplement of zhang2020.
    """
    n_sites = checked_integer("n_sites", n_sites, minimum=2, maximum=7)
    pairs = np.array(_printed_states()[n_sites])
    return _normalize(np.ascontiguousarray(pairs).view(np.complex128)[None, :, 0])[0]


def _uniforms(
    seed: int, key: Sequence[int], n_draws: int, n_samples: int, start: int
) -> np.ndarray:
    """Returns uniform numbers in [0, 1), (n_samples, n_draws)."""
    n_counters = -(-n_draws // _DRAWS_PER_COUNTER)
    bits = np.random.Philox(np.random.SeedSequence(seed, spawn_key=tuple(key)))
    bits.advance(start * n_counters)
    drawn = np.random.Generator(bits).random((n_samples, n_counters * _DRAWS_PER_COUNTER))
    return drawn[:, :n_draws]


def _paper(uniforms: np.ndarray) -> np.ndarray:
    real, imaginary = np.split(uniforms, 2, axis=1)
    return _complex(real - 0.5, imaginary)


def _haar(uniforms: np.ndarray) -> np.ndarray:
    # Box and Muller's transformation takes a fixed number of draws, a rejection does not.
    radii, turns = np.split(uniforms, 2, axis=1)
    return _polar(np.sqrt(-np.log(1.0 - radii)), turns)


def _product(uniforms: np.ndarray) -> np.ndarray:
    heights, turns = np.split(uniforms, 2, axis=1)
    up, down = np.sqrt(heights) + 0j, _polar(np.sqrt(1.0 - heights), turns)
    states = np.ones((len(uniforms), 1), np.complex128)
    for site in range(heights.shape[1]):
        spin = np.stack((up[:, site], down[:, site]), axis=1)
        states = (states[:, :, None] * spin[:, None, :]).reshape(len(uniforms), -1)
    return states


def _polar(radii: np.ndarray, turns: np.ndarray) -> np.ndarray:
    angles = 2 * np.pi * turns
    return _complex(radii * np.cos(angles), radii * np.sin(angles))


def _complex(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    states = np.empty(real.shape, np.complex128)
    states.real, states.imag = real, imaginary
    return states


def _normalize(states: np.ndarray) -> np.ndarray:
    parts = np.ascontiguousarray(states).view(np.float64)
    parts /= np.sqrt(np.square(parts).sum(axis=1, keepdims=True))
    return parts.view(np.complex128)


_LAWS: dict[str, tuple[Callable[[int], int], Callable[[np.ndarray], np.ndarray]]] = {
    "paper": (lambda n_sites: 2 * 2**n_sites, _paper),
    "haar": (lambda n_sites: 2 * 2**n_sites, _haar),
    "product": (lambda n_sites: 2 * n_sites, _product),
}
INITIAL_STATE_LAWS = ("paper", "haar", "product")
