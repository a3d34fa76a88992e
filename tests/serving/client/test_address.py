"""Addresses of both protocols."""

import pytest

from serving.client import Client
from serving.client.address import Address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8500", Address("grpc", "127.0.0.1", 8500)),
        ("localhost", Address("grpc", "localhost", 8500)),
        ("grpcs://host:1", Address("grpcs", "host", 1)),
        ("[::1]:8500", Address("grpc", "::1", 8500)),
        ("http://host", Address("http", "host", 80)),
        ("https://host/qtf/", Address("https", "host", 443, "/qtf")),
    ],
)
def test_addresses_are_read(text, address):
    assert Address.parse(text) == address


def test_certificate_means_tls():
    assert Address.parse("host:1", has_certificate=True).is_secure
    assert str(Address.parse("[::1]:8500")) == "[::1]:8500"


@pytest.mark.parametrize(
    "text", ["", ":8500", "ftp://host:1", "host:x", "host:99999", "host:1/path", "http://u@h", 8500]
)
def test_addresses_of_another_form_are_refused(text):
    with pytest.raises(ValueError, match=r"Argument `address` must be host:port .* but is"):
        Client(text)
