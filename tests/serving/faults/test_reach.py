"""What a client can get at: no other network than asked for, and no file at all."""

import ipaddress
import socket
from urllib.parse import quote

import psutil
import pytest

from tests.serving.faults.clients import Connection, assert_well
from tests.serving.running_server import error_of, model_config

SECRET = "the contents of a file that no client may read"


def listening(server):
    """Returns the addresses that the process listens on."""
    connections = psutil.Process(server.process.pid).net_connections(kind="all")
    waiting = [c for c in connections if c.status == psutil.CONN_LISTEN]
    # A datagram socket has no such state, and could receive from anywhere.
    datagrams = [c for c in connections if c.type == socket.SOCK_DGRAM and c.laddr]
    assert not datagrams
    return {connection.laddr.port: plain(connection.laddr.ip) for connection in waiting}


def plain(address):
    """Returns an address without the clothes of IPv6."""
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def test_only_two_ports_of_the_loopback_are_open(server):
    found = listening(server)
    assert found.keys() == {server.grpc_port, server.rest_port}
    assert all(address.is_loopback for address in found.values())


def test_reloads_are_off_unless_a_flag_allows_them(server, models):
    code, message = error_of(server.reload, [model_config(models.root, "heavy")])
    assert code == "PERMISSION_DENIED"
    assert message.endswith("started without --allow_reload_config and --reload_root.")
    assert server.status("zoo")


@pytest.fixture(scope="module")
def canaries(models):
    """Files beside and above the models; relative and absolute ways to them."""
    files = [
        models.root / "canary",
        models.root.parent / "canary",
        models.root / "heavy" / "canary",
        models.root / "heavy" / "1" / "canary",
    ]
    for file in files:
        file.write_text(SECRET)
    near = ["canary", "../canary", "1/canary", "../../canary", "./canary", "heavy/canary"]
    package = ["../server.py", "../page.py", "static/../page.py", "index.html/../../page.py"]
    absolute = [str(file) for file in files] + ["/etc/passwd", "/proc/self/environ"]
    climbing = ["../" * depth + str(files[0]).lstrip("/") for depth in (3, 8)]
    return near + package + absolute + climbing


def spellings(path):
    """Returns ways to write a path in a URL that decode, or almost decode, to it."""
    encoded = quote(path, safe="")
    return {
        path,
        path.replace("/", "//"),
        path.replace("/", "\\"),
        encoded,
        encoded.replace(".", "%2e"),
        encoded.replace(".", "%2E").replace("%2F", "%2f"),
        encoded.replace(".", "%252e").replace("%2F", "%252f"),
        encoded.replace(".", "%c0%ae").replace("%2F", "%c0%af"),
        encoded + "%00",
        encoded + "%00.html",
        "%00" + encoded,
        f"file:%2F%2F{encoded}",
    }


PLACES = (
    "/%s",
    "/page/%s",
    "/page/style.css/%s",
    "/page/models/%s",
    "/v1/models/%s",
    "/v1/models/%s/metadata",
    "/v1/models/%s/versions/1/metadata",
    "/v1/models/heavy/versions/%s",
    "/v1/models/heavy/labels/%s/metadata",
    "/monitoring/prometheus/metrics/%s",
    "%s",
    "/?file=%s",
)


def test_no_url_reads_a_file(server, canaries):
    requests = {place % way for place in PLACES for path in canaries for way in spellings(path)}
    connection = Connection(server.rest_port)
    for path in sorted(requests):
        answer = connection.request("GET", path)
        if answer is None:
            # What is no HTTP, such as a path without a slash, ends the connection.
            connection.close()
            connection = Connection(server.rest_port)
            answer = connection.request("GET", path)
        status, body = answer
        # A query does not change the page that is shown.
        assert status in (400, 404) or (status, path[:2]) == (200, "/?"), path
        assert not any(text in body for text in (SECRET.encode(), b"root:", b"PATH=")), path
    connection.close()
    assert_well(server)


def test_no_name_in_a_request_reads_a_file(server, canaries):
    body = '{"instances": [1.0], "signature_name": "%s"}'
    for path in canaries:
        assert error_of(server.predict, path, {})[0] == "NOT_FOUND"
        assert error_of(server.predict, "heavy", {}, label=path)[0] == "INVALID_ARGUMENT"
        assert error_of(server.predict, "heavy", {}, signature=path)[0] == "FAILED_PRECONDITION"
        assert error_of(server.metadata, path)[0] == "NOT_FOUND"
        assert error_of(server.metadata, "heavy", [path])[0] == "INVALID_ARGUMENT"
        assert error_of(server.status, path)[0] == "NOT_FOUND"
        answer = server.post("heavy:predict", body % path)
        assert (answer.status, SECRET in answer.text) == (400, False)
    assert_well(server)


def test_computed_pages_read_no_file(server, canaries):
    for path in canaries:
        for route in ("/page/exact", "/page/state"):
            answer = server.rest("POST", route, {"model": path, "state": path, "n_sites": 2})
            assert answer.status in (400, 404)
            assert SECRET not in answer.text
