"""Calls as generators: they yield requests, are sent the answers, and return what the user gets.

So they are written once for clients that wait and for those that do not: whoever runs a call says
how a request is sent, and what is asked again.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from serving.client.answers import Metadata, VersionStatus, metadata_from, statuses_from
from serving.client.deadline import Deadline
from serving.client.transport import ModelName, Transport

Result = TypeVar("Result")

# What is done with a transport, until a deadline.
Request = Callable[[Transport, Deadline], Any]
Call = Generator[Request, Any, Result]
Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Target:
    """Whom a call asks, and how much at once.

    Attributes:
        model: The model.
        max_batch: Largest number of states or rows of a request; None: the call decides.
    """

    model: ModelName
    max_batch: int | None = None


def predict(
    model: ModelName, signature: str, inputs: Mapping[str, np.ndarray]
) -> Call[tuple[Outputs, int | None]]:
    """Asks for one prediction: outputs by name, and the version if the answer tells it."""
    return (yield lambda transport, until: transport.predict(model, signature, inputs, until))


def metadata(model: ModelName) -> Call[Metadata]:
    """Asks which version answers now, and for its signatures."""
    answer = yield lambda transport, until: transport.metadata(model, until)
    return metadata_from(answer)


def status(model: ModelName) -> Call[list[VersionStatus]]:
    """Asks for the states of all versions, or of the chosen one."""
    # A label means nothing to the model service.
    unlabelled = ModelName(model.name, model.version)
    answer = yield lambda transport, until: transport.status(unlabelled, until)
    return statuses_from(answer)


def one_version(model: ModelName, n_pieces: int) -> Call[ModelName]:
    """Binds a model to the version served now, if more than one piece is asked of it."""
    if n_pieces < 2 or model.version is not None:
        return model
    return ModelName(model.name, (yield from metadata(model)).version)
