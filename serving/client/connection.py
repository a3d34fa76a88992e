"""What every client of one model has: whom it asks, how, for how long, and what is asked again."""

from pathlib import Path

from serving.client.address import Address, Certificates
from serving.client.arguments import (
    checked_count,
    checked_model,
    checked_positive,
    checked_token,
)
from serving.client.calls import Target
from serving.client.deadline import Deadline
from serving.client.retries import RetryPolicy
from serving.client.transport import Transport

_USUAL = RetryPolicy()


class Connection:
    """The base of clients; `Client` has the words for its arguments."""

    def __init__(
        self,
        address: str,
        *,
        model: str = "ising",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 30.0,
        max_batch: int | None = None,
        retry: RetryPolicy = _USUAL,
        certificate: Path | str | None = None,
        client_certificate: tuple[Path | str, Path | str] | None = None,
        token: str | None = None,
    ) -> None:
        has_certificate = certificate is not None or client_certificate is not None
        where = Address.parse(address, has_certificate=has_certificate)
        size = None if max_batch is None else checked_count("max_batch", max_batch)
        self._target = Target(checked_model(model, version, label), size)
        self._timeout = checked_positive("timeout", timeout)
        if not isinstance(retry, RetryPolicy):
            raise ValueError(f"Argument `retry` must be a RetryPolicy, but is {retry!r}.")
        self._retry = retry
        certificates = Certificates.at(certificate, client_certificate)
        self._transport = _transport(where, certificates, checked_token(token))
        self._is_closed = False

    def _deadline(self) -> Deadline:
        return Deadline(self._timeout)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("The client is closed.")


def _transport(address: Address, certificates: Certificates, token: str | None) -> Transport:
    # Each is imported only where it is used: gRPC brings TensorFlow with it.
    if address.is_rest:
        from serving.client.rest_transport import RestTransport

        return RestTransport(address, certificates, token)
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from serving.client.grpc_transport import GrpcTransport

    return GrpcTransport(address, certificates, token)
