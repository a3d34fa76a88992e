"""A typed client of a server of qtf models, over gRPC or REST.

    with Client("127.0.0.1:8500", model="ising") as client:
        trajectory = client.rollout(psi0, 100)

`AsyncClient` has the same calls for asyncio.

It speaks TensorFlow Serving's protocol, so the stock server answers it as ours does.
"""

from serving.client.answers import (
    Metadata,
    Observables,
    Signature,
    StreamState,
    TensorSpec,
    Trajectory,
    VersionStatus,
)
from serving.client.async_client import AsyncClient
from serving.client.client import Client
from serving.client.errors import ServingError
from serving.client.retries import RetryPolicy
from serving.client.sampled import GroundState, Mean, OpenSystem, Samples
from serving.status import Code

__all__ = [
    "AsyncClient",
    "Client",
    "Code",
    "GroundState",
    "Mean",
    "Metadata",
    "Observables",
    "OpenSystem",
    "RetryPolicy",
    "Samples",
    "ServingError",
    "Signature",
    "StreamState",
    "TensorSpec",
    "Trajectory",
    "VersionStatus",
]
