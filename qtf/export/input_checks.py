"""Checks inside the served graph: each names the input, the rule and the value.

A failed check gives the client INVALID_ARGUMENT; nothing else of the graph runs.
"""

from collections.abc import Sequence

import tensorflow as tf

NORM_TOLERANCE = 1e-3


def checked_state(
    psi_re: tf.Tensor,
    psi_im: tf.Tensor,
    n_sites: Sequence[int],
    prefix: str,
    *,
    normalized: bool = True,
) -> tf.Tensor:
    """Checks states and stacks their parts.

    Args:
        psi_re: Real parts, (batch, 2**n).
        psi_im: Imaginary parts, (batch, 2**n).
        n_sites: Chain lengths that the model was trained for.
        prefix: Name of the inputs without `_re` and `_im`.
        normalized: Whether the norms must be 1. Those of predicted states, fed back one
            step at a time, drift.

    Returns:
        (batch, 2, 2**n).
    """
    psi_re = _check_rank(psi_re, f"{prefix}_re", ("batch", "2**n"))
    psi_im = _check_rank(psi_im, f"{prefix}_im", ("batch", "2**n"))
    shape, shape_im = tf.shape(psi_re), tf.shape(psi_im)
    width = shape[1]
    allowed = tf.constant([2**n for n in n_sites], tf.int32)
    listed = ", ".join(str(n) for n in n_sites)
    at_least_one = [f"Input `{prefix}_re` must hold at least one state, but holds", shape[0]]
    with tf.control_dependencies(
        [
            tf.debugging.Assert(shape[0] > 0, at_least_one),
            tf.debugging.Assert(
                tf.reduce_any(tf.equal(allowed, width)),
                [
                    f"Input `{prefix}_re` must be 2**n wide for n in {listed}, but is",
                    width,
                    "wide.",
                ],
            ),
            tf.debugging.Assert(
                tf.reduce_all(tf.equal(shape, shape_im)),
                [
                    f"Input `{prefix}_im` must have the shape of `{prefix}_re`,",
                    shape,
                    "but has",
                    shape_im,
                ],
            ),
            _check_finite(psi_re, f"{prefix}_re"),
            _check_finite(psi_im, f"{prefix}_im"),
        ]
    ):
        psi = tf.stack([psi_re, psi_im], axis=1)
        norms = tf.sqrt(tf.reduce_sum(tf.square(psi), axis=(1, 2)))
    with tf.control_dependencies([_check_norms(norms, prefix)] if normalized else []):
        return tf.identity(psi)


def checked_n_steps(n_steps: tf.Tensor, batch_size: tf.Tensor, limit: int) -> tf.Tensor:
    """Checks the numbers of steps of a batch and returns the largest.

    Args:
        n_steps: (batch,), one for each state, so that servers can join requests.
        batch_size: Number of states.
        limit: Largest number allowed.

    Returns:
        Scalar int32.
    """
    n_steps = _check_rank(n_steps, "n_steps", ("batch",))
    n_given = tf.shape(n_steps)[0]
    largest, smallest = tf.reduce_max(n_steps), tf.reduce_min(n_steps)
    offender = tf.where(smallest < 1, smallest, largest)
    with tf.control_dependencies(
        [
            tf.debugging.Assert(
                tf.equal(n_given, batch_size),
                [
                    "Input `n_steps` must have one entry for each state,",
                    batch_size,
                    "but has",
                    n_given,
                ],
            ),
            tf.debugging.Assert(
                tf.reduce_all((n_steps >= 1) & (n_steps <= limit)),
                [f"Input `n_steps` must be within 1..{limit}, but holds", offender],
            ),
        ]
    ):
        return tf.identity(largest)


def checked_cells(cells: tf.Tensor, batch_size: tf.Tensor, n_layers: int, units: int) -> tf.Tensor:
    """Checks the cell states of a streaming client.

    Args:
        cells: (batch, n_layers, units).
        batch_size: Number of states.
        n_layers: Number of layers of the model.
        units: Width of the model.

    Returns:
        `cells`.
    """
    cells = _check_rank(cells, "cells", ("batch", n_layers, units))
    rule = f"Input `cells` must be (batch, {n_layers}, {units}) with the batch of the states,"
    expected = tf.stack([batch_size, n_layers, units])
    with tf.control_dependencies(
        [
            tf.debugging.Assert(
                tf.reduce_all(tf.equal(tf.shape(cells), expected)),
                [rule, expected, "but is", tf.shape(cells)],
            ),
            _check_finite(cells, "cells"),
        ]
    ):
        return tf.identity(cells)


def checked_bits(bits: tf.Tensor, n_sites: int, limit: int) -> tf.Tensor:
    """Checks configurations of spins.

    Those where psi vanishes, for lack of zero magnetisation, are allowed: their number is a
    right answer, and one of them must not fail the requests that a server joined with it.

    Args:
        bits: int32 (batch, n_sites).
        n_sites: Number of sites of the wave function.
        limit: Largest number of configurations allowed.

    Returns:
        `bits`, with the number of sites in their shape.
    """
    bits = _check_rank(bits, "bits", ("batch", n_sites))
    checks = _from_one_to(limit, bits, "bits", "configuration")
    return _checked_sites(bits, n_sites, checks, name="bits", allowed="0 or 1", largest=1)


def checked_outcomes(outcomes: tf.Tensor, n_sites: int, limit: int) -> tf.Tensor:
    """Checks the outcomes of a measurement on every site.

    Args:
        outcomes: int32 (batch, n_sites).
        n_sites: Number of sites of the distribution.
        limit: Largest number of rows allowed.

    Returns:
        `outcomes`, with the number of sites in their shape.
    """
    outcomes = _check_rank(outcomes, "outcomes", ("batch", n_sites))
    checks = _from_one_to(limit, outcomes, "outcomes", "row")
    return _checked_sites(
        outcomes, n_sites, checks, name="outcomes", allowed="from 0 to 3", largest=3
    )


def checked_seeds(seed: tf.Tensor, limit: int) -> tf.Tensor:
    """Checks the number of seeds, any of which is allowed.

    Args:
        seed: int64 (batch,).
        limit: Largest number allowed.

    Returns:
        `seed`.
    """
    seed = _check_rank(seed, "seed", ("batch",))
    with tf.control_dependencies(_from_one_to(limit, seed, "seed", "seed")):
        return tf.identity(seed)


def _check_rank(values: tf.Tensor, name: str, axes: Sequence[str | int]) -> tf.Tensor:
    """Checks the number of axes, on which all other checks rely.

    A server in C++ feeds what a client sends without a look at the shape of the signature.
    """
    shape = tf.shape(values)
    # Optimizers put what the signature says in the place of `tf.rank`; they cannot count this.
    rank = tf.shape(tf.where(shape >= 0))[0]
    described = f"({', '.join(map(str, axes))}{',' * (len(axes) == 1)})"
    rule = f"Input `{name}` must have the shape {described}, but has"
    right = tf.debugging.Assert(tf.equal(rank, len(axes)), [rule, shape], summarize=8)
    with tf.control_dependencies([right]):
        return tf.identity(values)


def _checked_sites(
    rows: tf.Tensor,
    n_sites: int,
    checks: list[tf.Operation],
    *,
    name: str,
    allowed: str,
    largest: int,
) -> tf.Tensor:
    width = tf.shape(rows)[1]
    bad = tf.boolean_mask(rows, (rows < 0) | (rows > largest))
    rule = f"Input `{name}` must be {n_sites} wide, one for each site, but is"
    checks = [
        *checks,
        tf.debugging.Assert(tf.equal(width, n_sites), [rule, width, "wide."]),
        tf.debugging.Assert(
            tf.equal(tf.size(bad), 0), [f"Input `{name}` must be {allowed}, but holds", bad[:1]]
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.ensure_shape(tf.identity(rows), (None, n_sites))


def _from_one_to(limit: int, rows: tf.Tensor, name: str, unit: str) -> list[tf.Tensor]:
    n_rows = tf.shape(rows)[0]
    rules = {
        f"Input `{name}` must hold at least one {unit}, but holds": n_rows > 0,
        f"Input `{name}` must hold at most {limit} {unit}s, but holds": n_rows <= limit,
    }
    return [tf.debugging.Assert(holds, [rule, n_rows]) for rule, holds in rules.items()]


def _check_finite(values: tf.Tensor, name: str) -> tf.Tensor:
    bad = tf.boolean_mask(values, ~tf.math.is_finite(values))
    return tf.debugging.Assert(
        tf.equal(tf.size(bad), 0), [f"Input `{name}` must be finite, but holds", bad[:1]]
    )


def _check_norms(norms: tf.Tensor, prefix: str) -> tf.Tensor:
    error = tf.abs(norms - 1.0)
    worst = tf.boolean_mask(norms, error >= tf.reduce_max(error))
    return tf.debugging.Assert(
        tf.reduce_all(error <= NORM_TOLERANCE),
        [
            f"Input `{prefix}` must be normalised to 1 within {NORM_TOLERANCE:g},"
            " but a state has the norm",
            worst[:1],
        ],
    )
