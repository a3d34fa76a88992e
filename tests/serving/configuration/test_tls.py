import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from serving.configuration.options import TlsFiles
from serving.configuration.text_config import read_tls
from serving.configuration.tls import check_tls

SCRIPT = Path(__file__).parents[3] / "deploy" / "make_certificates.sh"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("no openssl on PATH")
    folder = tmp_path_factory.mktemp("tls") / "certificates"
    subprocess.run([str(SCRIPT), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def files(folder):
    return read_tls(folder / "ssl.config")


def test_files_that_belong_together_are_taken(files):
    check_tls(files, "ssl.config")
    check_tls(replace(files, custom_ca=b""), "ssl.config")


@pytest.mark.parametrize(
    ("field", "name", "kind"),
    [
        ("server_key", "server_key", "PEM key"),
        ("server_certificate", "server_cert", "PEM certificates"),
        ("custom_ca", "custom_ca", "PEM certificates"),
    ],
)
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"garbage", "no PEM text"),
        (b"\xff\x00", "no PEM text"),
        (b"/etc/ssl/server.pem", "no PEM text; the name of a file will not do"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM text that cannot"),
    ],
)
def test_text_that_is_no_key_or_certificate_is_named(files, field, name, kind, text, shown):
    message = f"Field `{name}` in my/ssl.config must hold the text of .*{kind}, but holds {shown}"
    with pytest.raises(ValueError, match=message) as raised:
        check_tls(replace(files, **{field: text}), "my/ssl.config")
    assert "\n" not in str(raised.value)


def test_certificate_in_the_place_of_the_key_is_named(files):
    with pytest.raises(ValueError, match="Field `server_key` in a must hold the text of a PEM key"):
        check_tls(replace(files, server_key=files.server_certificate), "a")


def test_key_of_another_certificate_is_named(files, folder):
    other = replace(files, server_key=(folder / "client.key").read_bytes())
    message = (
        "Fields `server_key` and `server_cert` in ssl.config must belong together, but the key"
    )
    with pytest.raises(ValueError, match=message):
        check_tls(other, "ssl.config")


def test_encrypted_key_is_named(files, folder):
    command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in"]
    command += [str(folder / "server.key")]
    key = subprocess.run(command, check=True, capture_output=True).stdout
    with pytest.raises(ValueError, match="Field `server_key` in a must not be encrypted, but is"):
        check_tls(replace(files, server_key=key), "a")


def test_no_text_of_a_key_is_shown(files):
    secret = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    with pytest.raises(ValueError, match="server_key") as raised:
        check_tls(replace(files, server_key=secret), "a")
    assert "c2VjcmV0" not in str(raised.value)


def test_garbage_everywhere_is_no_taken_port():
    files = TlsFiles(b"key", b"certificate", b"", False)
    with pytest.raises(ValueError, match="Field `server_cert` in ssl.config must hold the text"):
        check_tls(files, "ssl.config")
