"""Encrypted connections, with the certificates of deploy/make_certificates.sh."""

import shutil
import ssl
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from qtf.physics import printed_state
from serving.client import Client, ServingError
from tests.serving.client.fakes import SERVERS, FakeModel, grpc_server, rest_server

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("no openssl on PATH")
    folder = tmp_path_factory.mktemp("tls") / "certificates"
    script = ROOT / "deploy" / "make_certificates.sh"
    subprocess.run([str(script), str(folder)], check=True, capture_output=True)
    return folder


def _credentials(folder):
    import grpc

    pair = (folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes()
    authority = (folder / "authority.pem").read_bytes()
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=True)


def _context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("transport", SERVERS)
def test_tls_with_certificates_of_both_sides(certificates, transport):
    model, authority = FakeModel(), certificates / "authority.pem"
    ours = (certificates / "client.pem", certificates / "client.key")
    with ExitStack() as stack:
        if transport == "grpc":
            server = grpc_server(model, credentials=_credentials(certificates))
        else:
            server = rest_server(model, context=_context(certificates))
        address = stack.enter_context(server)
        client = Client(address, certificate=authority, client_certificate=ours, timeout=5)
        assert stack.enter_context(client).rollout(printed_state(2), 1).psi.shape == (2, 4)
        stranger = stack.enter_context(Client(address, timeout=3))
        start = time.monotonic()
        with pytest.raises(ServingError, match=r"UNAVAILABLE: .*CERTIFICATE_VERIFY_FAILED"):
            stranger.status()
        assert time.monotonic() - start < 2.0


def test_certificate_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Certificate .*a.pem does not exist."):
        Client("grpcs://127.0.0.1:1", certificate=tmp_path / "a.pem")
    (tmp_path / "b.pem").write_text("no certificate")
    with pytest.raises(ValueError, match="Argument `certificate` must name a PEM file"):
        Client("https://127.0.0.1:1", certificate=tmp_path / "b.pem")
