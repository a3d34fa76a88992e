"""The gradient of the energy, as that of a scalar that automatic differentiation takes."""

from keras import ops

from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.pieces import rows_of_pieces
from qtf.typing import Index, Tensor


def gradient_surrogate(
    log_modulus: Tensor, phase: Tensor, real: Tensor, imaginary: Tensor, shares: Tensor
) -> Tensor:
    """Returns a scalar whose gradient is that of the energy, 2 Re < (E - <E>)^* d log psi >.

    Args:
        log_modulus: log |psi| of some configurations, (batch,).
        phase: Phases of psi, (batch,).
        real: Real parts of their local energies, not to be differentiated, (batch,).
        imaginary: Imaginary parts.
        shares: Weight of each in the mean: 1 / batch for samples, |psi|^2 for all
            configurations; not to be differentiated.
    """
    total = ops.zeros((), log_modulus.dtype)
    for energies, part in ((real, log_modulus), (imaginary, phase)):
        total = total + ops.sum(ops.cast(_weights(energies, shares), part.dtype) * part)
    return total


def gradients_in_pieces(
    psi: SampledWaveFunction,
    bits: Tensor,
    real: Tensor,
    imaginary: Tensor,
    shares: Tensor,
    at_once: int,
) -> list[Tensor]:
    """Returns the gradients of `gradient_surrogate`, with a piece in the memory at a time.

    Only inside a `tf.function`.

    Args:
        psi: The wave function.
        bits: Configurations, int32 (batch, n_sites).
        real: As of `gradient_surrogate`.
        imaginary: Likewise.
        shares: Likewise.
        at_once: Configurations of a piece, at most; see `qtf.training.piecewise`.

    Returns:
        One for each trainable variable.
    """
    # Needs TensorFlow, as the training does.
    from qtf.training.gradients import accumulated_gradients

    n_rows = bits.shape[0]
    rows = ops.convert_to_tensor(rows_of_pieces(n_rows, at_once))
    # The last piece is filled up with what counts nothing.
    numbers = rows_of_pieces(n_rows, at_once, fill=n_rows)
    weights = [
        ops.take(ops.pad(_weights(energies, shares), (0, 1)), numbers)
        for energies in (real, imaginary)
    ]

    def piece(number: Index) -> Tensor:
        parts = psi(ops.take(bits, rows[number], axis=0))
        return sum(
            ops.sum(ops.cast(weight[number], part.dtype) * part)
            for weight, part in zip(weights, parts, strict=True)
        )

    return accumulated_gradients(piece, len(numbers), psi.trainable_variables)


def _weights(energies: Tensor, shares: Tensor) -> Tensor:
    return 2.0 * shares * (energies - ops.sum(shares * energies))
