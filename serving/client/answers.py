"""What the client returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.client.errors import unusable_answer


@dataclass(frozen=True)
class Trajectory:
    """Predicted states.

    Attributes:
        psi: complex64 (batch, n_steps + 1, 2**n), or (n_steps + 1, 2**n) for one state;
            index 0 of the time axis is the initial state.
        version: Version of the model that answered; None over REST unless it was chosen,
            because answers do not carry it there.
    """

    psi: np.ndarray
    version: int | None


@dataclass(frozen=True)
class Observables:
    """Expectation values in the predicted states, those of the normalised state.

    Attributes:
        norm: float32 (batch, n_steps + 1), or (n_steps + 1,) for one state, as all others.
        magnetization_x: Mean over sites.
        magnetization_y: Mean over sites.
        magnetization_z: Mean over sites.
        version: Version of the model that answered; None as in `Trajectory`.
        energy: Mean of the Hamiltonian that the model was trained for; None where that is not
            known, or depends on the time.
    """

    norm: np.ndarray
    magnetization_x: np.ndarray
    magnetization_y: np.ndarray
    magnetization_z: np.ndarray
    version: int | None
    energy: np.ndarray | None = None


OBSERVABLE_NAMES = (
    "norm",
    "energy",
    "magnetization_x",
    "magnetization_y",
    "magnetization_z",
)


@dataclass(frozen=True)
class StreamState:
    """What one step turns into the next.

    Attributes:
        psi: complex64 (batch, 2**n), or (2**n,) for one state.
        cells: float32 (batch, n_layers, units), the network's memory.
        version: Version of the model whose memory it is; only that one can go on.
    """

    psi: np.ndarray
    cells: np.ndarray
    version: int


@dataclass(frozen=True)
class VersionStatus:
    """State of one version of the model.

    Attributes:
        version: Number of the version.
        state: "START", "LOADING", "AVAILABLE", "UNLOADING" or "END".
        error_code: "OK", or why it is not served.
        error_message: The same in words.
    """

    version: int
    state: str
    error_code: str
    error_message: str


@dataclass(frozen=True)
class TensorSpec:
    """Type and shape of an input or output.

    Attributes:
        dtype: Name in TensorFlow's protocol, for example "DT_FLOAT".
        shape: Sizes, None where any is allowed; None altogether for an unknown rank.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of one way to call the model."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


@dataclass(frozen=True)
class Metadata:
    """Which version is served, and how it is called."""

    name: str
    version: int
    signatures: Mapping[str, Signature]


def statuses_from(answer: Mapping[str, Any]) -> list[VersionStatus]:
    """Returns the states of versions in the protocol's JSON form."""
    try:
        return [_status_from(entry) for entry in answer["model_version_status"]]
    except (KeyError, TypeError, ValueError) as error:
        raise unusable_answer(f"no status, {error!r}.") from error


def metadata_from(answer: Mapping[str, Any]) -> Metadata:
    """Returns the metadata in the protocol's JSON form."""
    try:
        spec = answer["model_spec"]
        signatures = answer["metadata"]["signature_def"]["signature_def"]
        return Metadata(
            name=spec["name"],
            version=int(spec["version"]),
            signatures={name: _signature_from(entry) for name, entry in signatures.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unusable_answer(f"no metadata, {error!r}.") from error


def _status_from(entry: Mapping[str, Any]) -> VersionStatus:
    status = entry.get("status", {})
    return VersionStatus(
        version=int(entry["version"]),
        state=entry["state"],
        error_code=status.get("error_code", "OK"),
        error_message=status.get("error_message", ""),
    )


def _signature_from(entry: Mapping[str, Any]) -> Signature:
    inputs, outputs = (
        {name: _spec_from(tensor) for name, tensor in entry.get(kind, {}).items()}
        for kind in ("inputs", "outputs")
    )
    return Signature(inputs, outputs)


def _spec_from(tensor: Mapping[str, Any]) -> TensorSpec:
    shape = tensor.get("tensor_shape", {})
    if shape.get("unknown_rank"):
        return TensorSpec(tensor["dtype"], None)
    sizes = (int(axis["size"]) for axis in shape.get("dim", ()))
    return TensorSpec(tensor["dtype"], tuple(None if size < 0 else size for size in sizes))
