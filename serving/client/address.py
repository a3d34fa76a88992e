"""Where a server listens, and by which protocol."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# Default ports; those of HTTP are the ones of any URL.
_PORTS = {"grpc": 8500, "grpcs": 8500, "http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A server's address.

    Attributes:
        scheme: "grpc", "grpcs", "http" or "https"; an s at the end means TLS.
        host: Name or number.
        port: TCP port.
        path: Part of the address before `/v1/models`, "" or beginning with a slash.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, text: str, *, has_certificate: bool = False) -> "Address":
        """Reads `host:port` (gRPC) or `scheme://host:port`.

        Args:
            text: The address.
            has_certificate: Whether `host:port` means TLS.

        Raises:
            ValueError: The text is no such address.

        Example:
            >>> Address.parse("http://127.0.0.1:8501").is_rest
            True
        """
        if not isinstance(text, str):
            raise _not_allowed(text)
        default = "grpcs" if has_certificate else "grpc"
        try:
            parts = urlsplit(text if "://" in text else f"{default}://{text}")
            port = parts.port
        except ValueError as error:
            raise _not_allowed(text) from error
        is_rest = parts.scheme in ("http", "https")
        path = parts.path.rstrip("/")
        unused = parts.username is not None or parts.query or parts.fragment
        if parts.scheme not in _PORTS or not parts.hostname or unused or (path and not is_rest):
            raise _not_allowed(text)
        if has_certificate and not parts.scheme.endswith("s"):
            raise ValueError(
                f"Argument `certificate` needs an address with TLS (grpcs:// or https://),"
                f" but `address` is {text!r}."
            )
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)

    @property
    def is_rest(self) -> bool:
        """Whether REST is spoken there, else gRPC."""
        return self.scheme in ("http", "https")

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme.endswith("s")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Certificates:
    """PEM files for TLS.

    Attributes:
        authority: Certificate authority that signed the server's certificate, None for
            those that the machine trusts.
        chain: The client's own certificate, for servers that ask for one.
        key: Private key of the certificate.
    """

    authority: Path | None = None
    chain: Path | None = None
    key: Path | None = None

    @classmethod
    def at(
        cls, authority: Path | str | None, client: tuple[Path | str, Path | str] | None
    ) -> "Certificates":
        """Returns the certificates after looking that each file is there.

        Args:
            authority: File of the authority, or None.
            client: Files of the client's certificate and key, or None.

        Raises:
            FileNotFoundError: A file does not exist.
        """
        paths = [path and Path(path) for path in (authority, *(client or (None, None)))]
        for path in paths:
            if path is not None and not path.is_file():
                raise FileNotFoundError(f"Certificate {path} does not exist.")
        return cls(*paths)


def _not_allowed(text: object) -> ValueError:
    return ValueError(
        "Argument `address` must be host:port or grpcs://host:port for gRPC, or"
        f" http://host:port or https://host:port for REST, but is {text!r}."
    )
