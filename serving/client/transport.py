"""What both transports have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from serving.client.deadline import Deadline

# Name of the only output of a signature where answers do not tell it, as over REST.
UNNAMED = ""


@dataclass(frozen=True)
class ModelName:
    """Which model answers: by number, by label, or else the newest version.

    Attributes:
        name: Name that it is served under.
        version: Number of the version, or None.
        label: Label of a version, or None.
    """

    name: str
    version: int | None = None
    label: str | None = None


class Transport(Protocol):
    """One request to the server; each method raises `ServingError` and repeats nothing."""

    def predict(
        self,
        model: ModelName,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        deadline: Deadline,
    ) -> tuple[dict[str, np.ndarray], int | None]:
        """Returns float32 outputs by name, and the version if the answer tells it."""

    def status(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the answer of the model service in the protocol's JSON form."""

    def metadata(self, model: ModelName, deadline: Deadline) -> dict[str, Any]:
        """Returns the model's metadata in the protocol's JSON form."""

    def close(self) -> None:
        """Closes all connections."""
