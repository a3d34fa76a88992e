"""Checks the key and the certificates of an encrypted endpoint before anything listens."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.configuration.options import TlsFiles


def check_tls(files: TlsFiles, path: Path | str) -> None:
    """Checks that an endpoint can be opened with these texts.

    Args:
        files: Content of the SSL file.
        path: The SSL file, for messages.

    Raises:
        ValueError: A certificate or the key is no PEM text, or they do not fit each other.
    """
    for name, text in (("server_cert", files.server_certificate), ("custom_ca", files.custom_ca)):
        if text:
            _check_certificates(text, f"Field `{name}` in {path}")
    _check_key(files, path)


def _check_certificates(text: bytes, field: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(
            cadata=text.decode("ascii", "backslashreplace")
        )
    except ssl.SSLError as error:
        raise ValueError(
            f"{field} must hold the text of PEM certificates, but holds {_show(text)}: "
            f"{_reason(error)}."
        ) from None


def _check_key(files: TlsFiles, path: Path | str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted = ValueError(f"Field `server_key` in {path} must not be encrypted, but is.")

    def ask() -> str:
        raise encrypted

    with _in_memory(files.server_certificate) as certificate, _in_memory(files.server_key) as key:
        try:
            context.load_cert_chain(certificate, key, password=ask)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise ValueError(
                    f"Fields `server_key` and `server_cert` in {path} must belong together, but "
                    "the key is not that of the certificate."
                ) from None
            raise ValueError(
                f"Field `server_key` in {path} must hold the text of a PEM key, but holds "
                f"{_show(files.server_key)}: {_reason(error)}."
            ) from None


@contextmanager
def _in_memory(text: bytes) -> Iterator[str]:
    """Yields the name of a file that is on no disk: OpenSSL's wrapper reads nothing else."""
    descriptor = os.memfd_create("tls")
    try:
        os.write(descriptor, text)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _reason(error: ssl.SSLError) -> str:
    reason = error.reason or str(error.args[-1])
    return reason.replace("_", " ").lower() if reason.isupper() else reason


def _show(text: bytes) -> str:
    """Returns what kind of text it is, never the text: it may be a key."""
    if b"-----BEGIN" in text:
        return "PEM text that cannot be read"
    return "no PEM text; the name of a file will not do" if b"/" in text else "no PEM text"
