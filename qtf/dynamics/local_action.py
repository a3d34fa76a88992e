"""Acts with sums of one- and two-site Pauli terms on states of any size, in `keras.ops`.

On a basis state x a Pauli string flips some bits and multiplies by a phase that depends on
x. All strings that flip the same bits m belong together, so that

    (G psi)(x) = sum_m d_m(x) psi(x xor m),

with d_m linear in the coefficients. A chain has 2 n - 1 + O(range n) such m: that is the
cost of G, and no matrix is ever formed. Sizes may be unknown until the graph runs.
"""

import math
from typing import NamedTuple, overload

import numpy as np
from keras import ops

from qtf.typing import Index, Tensor

MIN_ORDER = 4
MAX_ORDER = 60
REMAINDER = 1e-16
# Beyond this phase terms of the series cancel, at the cost of digits.
MAX_PHASE = 8.0

_ORDERS = np.arange(MIN_ORDER, MAX_ORDER)
_LOG_FACTORIALS = np.array([math.lgamma(order + 2.0) for order in _ORDERS])


class LocalAction(NamedTuple):
    """The d_m of a G, and which amplitudes they multiply.

    Attributes:
        partners: x xor m, int32 (n_flips, 2**n).
        real: Re d_m(x), (n_flips, 2**n).
        imaginary: Im d_m(x), (n_flips, 2**n).
    """

    partners: Tensor
    real: Tensor
    imaginary: Tensor


def local_action(fields: Tensor, bonds: Tensor, shift: Tensor, dimension: Index) -> LocalAction:
    """Collects the terms of G by the bits that they flip.

    Args:
        fields: Coefficients of P_i, (n, 3) or, if all sites have the same, (1, 3).
        bonds: Coefficients of P_i Q_{i+r}, (range, 3, 3).
        shift: Coefficient of the identity, a scalar.
        dimension: 2**n, a Python integer or a scalar tensor.

    Returns:
        The action of G.
    """
    n_sites = sites_of(dimension)
    index = ops.arange(dimension, dtype="int32")
    bits = ops.bitwise_left_shift(1, n_sites - 1 - ops.arange(n_sites, dtype="int32"))
    down = ops.not_equal(ops.bitwise_and(index[None], bits[:, None]), 0)
    spins = 1.0 - 2.0 * ops.cast(down, fields.dtype)
    x, y, z = (fields[:, p, None] for p in range(3))
    kept = [ops.sum(z * spins, axis=0, keepdims=True) + shift]
    x, y = x + ops.zeros_like(spins), y + ops.zeros_like(spins)
    pairs = []
    for distance in range(1, bonds.shape[0] + 1):
        bond = bonds[distance - 1]
        after, before = _shift_both_ways(spins, distance)
        x = x + bond[0, 2] * after + bond[2, 0] * before
        y = y + bond[1, 2] * after + bond[2, 1] * before
        kept[0] = kept[0] + 0.5 * bond[2, 2] * ops.sum(
            spins * (after + before), axis=0, keepdims=True
        )
        pairs.append(_pairs(spins, bits, bond, distance))
    masks = [ops.zeros((1,), "int32"), bits, *(masks for masks, _, _ in pairs)]
    real = [kept[0], x, *(real for _, real, _ in pairs)]
    # (Y psi)(x) = -i z(x) psi(x xor m).
    imaginary = [ops.zeros_like(kept[0]), -spins * y, *(part for _, _, part in pairs)]
    partners = ops.bitwise_xor(index[None], ops.concatenate(masks)[:, None])
    return LocalAction(partners, ops.concatenate(real), ops.concatenate(imaginary))


@overload
def sites_of(dimension: int) -> int: ...


@overload
def sites_of(dimension: Tensor) -> Tensor: ...


def sites_of(dimension: Index) -> Index:
    """Returns n of 2**n, an integer or, from a tensor, a tensor."""
    if isinstance(dimension, int):
        return dimension.bit_length() - 1
    return ops.cast(ops.round(ops.log2(ops.cast(dimension, "float64"))), "int32")


def apply_action(action: LocalAction, psi: Tensor) -> Tensor:
    """Returns G psi.

    Args:
        action: Of G.
        psi: States as columns, real and imaginary part, (2**n, 2, batch).

    Returns:
        An array of the shape of `psi`.
    """
    # Rows of a batch lie side by side, so that a flip moves whole rows.
    flipped = ops.take(psi, action.partners, axis=0)
    real, imaginary = action.real[..., None], action.imaginary[..., None]
    return ops.stack(
        [
            ops.sum(real * flipped[:, :, 0] - imaginary * flipped[:, :, 1], axis=0),
            ops.sum(real * flipped[:, :, 1] + imaginary * flipped[:, :, 0], axis=0),
        ],
        axis=1,
    )


def evolve_columns(action: LocalAction, psi: Tensor, dt: float, order: int | None = None) -> Tensor:
    """Returns exp(-i dt G) psi by its Taylor series.

    Args:
        action: Of G.
        psi: States as columns, (2**n, 2, batch).
        dt: Time step.
        order: Highest power of G; by default the lowest from 4 on that keeps the
            remainder below 1e-16, see `needed_order`.

    Returns:
        An array of the shape of `psi`.
    """
    term = psi
    if order is None:
        limit = needed_order(norm_bound(action) * abs(dt))
        *_, psi = ops.while_loop(
            lambda k, *_: k <= limit,
            lambda k, term, psi: _with_next_term(action, k, term, psi, dt),
            (ops.ones((), "int32"), psi, psi),
            maximum_iterations=MAX_ORDER,
        )
        return psi
    for k in range(1, order + 1):
        _, term, psi = _with_next_term(action, ops.convert_to_tensor(k, "int32"), term, psi, dt)
    return psi


def norm_bound(action: LocalAction) -> Tensor:
    """Returns a number that no eigenvalue of G exceeds in size: its largest row sum."""
    size = ops.sqrt(ops.square(action.real) + ops.square(action.imaginary))
    return ops.stop_gradient(ops.max(ops.sum(size, axis=0)))


def needed_order(phase: Tensor) -> Tensor:
    """Returns the order of the Taylor series whose remainder is below 1e-16.

    The remainder of exp(-i phase) after the power p is at most phase^(p+1) / (p+1)!.

    Args:
        phase: Bound of dt |G|, a scalar tensor.

    Returns:
        int32 scalar from 4 to 60.
    """
    powers = ops.convert_to_tensor(_ORDERS + 1.0, phase.dtype)
    logarithms = powers * ops.log(phase) - ops.convert_to_tensor(_LOG_FACTORIALS, phase.dtype)
    too_low = ops.where(logarithms > math.log(REMAINDER), _ORDERS + 1, MIN_ORDER)
    return ops.cast(ops.max(too_low), "int32")


def _with_next_term(
    action: LocalAction, k: Tensor, term: Tensor, psi: Tensor, dt: float
) -> tuple[Tensor, ...]:
    image = (dt / ops.cast(k, psi.dtype)) * apply_action(action, term)
    # Times -i, which exchanges the parts.
    term = ops.reshape(ops.stack([image[:, 1], -image[:, 0]], axis=1), ops.shape(psi))
    return k + 1, term, psi + term


def _shift_both_ways(spins: Tensor, distance: int) -> tuple[Tensor, Tensor]:
    """Returns z_{i+r} and z_{i-r} for every i, 0 where there is no such site."""
    gap = ops.zeros_like(spins[:distance])
    return (
        ops.concatenate([spins[distance:], gap]),
        ops.concatenate([gap, spins[: _count(spins, distance)]]),
    )


def _pairs(
    spins: Tensor, bits: Tensor, bond: Tensor, distance: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns masks, real and imaginary d_m of the strings that flip i and i + r."""
    count = _count(spins, distance)
    first, second = spins[:count], spins[distance:]
    masks = ops.bitwise_or(bits[:count], bits[distance:])
    real = bond[0, 0] - bond[1, 1] * first * second
    return masks, real, -bond[0, 1] * second - bond[1, 0] * first


def _count(spins: Tensor, distance: int) -> Index:
    """Returns the number of pairs of sites that are `distance` apart."""
    n_sites = ops.shape(spins)[0]
    if isinstance(n_sites, int):
        return max(n_sites - distance, 0)
    return ops.maximum(n_sites - distance, 0)
