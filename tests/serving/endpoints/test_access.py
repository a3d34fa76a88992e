"""Tokens, hosts, base paths and the access log, without a server."""

import json
import os
import re
from pathlib import Path

import pytest

from serving.endpoints import http
from serving.endpoints.access import Tokens, check_base_paths, check_host
from serving.endpoints.access_log import AccessLog, request_id
from serving.status import Code, StatusError

FIRST, SECOND = "a-token-of-20-letters", "another-token-of-them"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# of two people\n{FIRST}\n\n  {SECOND}  \n")
    return path


def code_of(call, *arguments, **options):
    with pytest.raises(StatusError) as caught:
        call(*arguments, **options)
    return caught.value.code


def test_each_token_of_the_file_is_admitted_and_nothing_else(file):
    tokens = Tokens(file)
    for header in (f"Bearer {FIRST}", f"bearer  {SECOND}"):
        tokens.admit(header)
    wrong = [None, "", "Bearer", "Bearer ", FIRST, f"Basic {FIRST}", f"Bearer {FIRST}x"]
    wrong += [f"Bearer {FIRST[:-1]}", "Bearer # of two people", f"Bearer {FIRST} {SECOND}"]
    assert {code_of(tokens.admit, header) for header in wrong} == {Code.UNAUTHENTICATED}


def test_tokens_are_read_again_when_the_file_changes(file):
    tokens = Tokens(file)
    file.write_text("the-token-of-tomorrow\n")
    tokens.admit("Bearer the-token-of-tomorrow")
    assert code_of(tokens.admit, f"Bearer {FIRST}") == Code.UNAUTHENTICATED


@pytest.mark.parametrize("break_file", [os.unlink, lambda path: Path(path).write_text("short\n")])
def test_a_file_that_is_broken_later_leaves_the_tokens_that_there_were(file, break_file):
    tokens = Tokens(file)
    break_file(file)
    tokens.admit(f"Bearer {FIRST}")
    assert code_of(tokens.admit, "Bearer short") == Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must hold a token a line, but has none"),
        ("# nothing\n\n", "must hold a token a line"),
        (f"{FIRST}\n\nshort\n", "line 3: a token must have at least 16 characters, but has 5"),
    ],
)
def test_files_without_usable_tokens_are_told(tmp_path, text, words):
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(words)):
        Tokens(path)


def test_names_of_this_machine_are_let_pass():
    for host in (None, "localhost", "localhost:8501", "127.0.0.1:1", "127.3.2.1", "[::1]:8501"):
        check_host(host)
    for host in ("", "evil.example", "evil.example:8501", "localhost.evil.example", "10.0.0.1"):
        assert code_of(check_host, host) == Code.PERMISSION_DENIED


def test_base_paths_lie_below_the_root_where_links_lead(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "inside", elsewhere):
        folder.mkdir(parents=True)
    (root / "link").symlink_to(elsewhere)
    check_base_paths([root / "inside", root / "new"], root, allowed=True)
    check_base_paths([elsewhere], None, allowed=True)
    for path in (elsewhere, root / "link", root / ".." / "elsewhere", tmp_path / "rooted"):
        denied = code_of(check_base_paths, [root / "inside", path], root, allowed=True)
        assert denied == Code.PERMISSION_DENIED
    assert code_of(check_base_paths, [], None, allowed=False) == Code.PERMISSION_DENIED


def test_requests_are_called_as_their_clients_say_if_that_is_a_name():
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = f"00-{trace}-b7ad6b7169203331-01"
    assert request_id({"x-request-id": "a/b:7", "traceparent": parent}.get) == "a/b:7"
    assert request_id({"x-request-id": "two\nlines", "traceparent": parent}.get) == trace
    names = {request_id({"traceparent": "00-nonsense"}.get) for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)


def test_the_log_has_a_line_of_json_for_each_request_and_may_be_moved_away(tmp_path):
    path = tmp_path / "access.jsonl"
    log = AccessLog(path)
    entry = {"request_id": "7", "api": "REST", "request": "GET /x\n", "status": 200}
    entry |= {"seconds": 0.0125, "bytes_in": 3, "bytes_out": 4, "client": "::1"}
    log.add(**entry)
    path.rename(tmp_path / "old")
    log.add(**entry)
    for file in (path, tmp_path / "old"):
        (line,) = file.read_text().splitlines()
        found = json.loads(line)
        assert found["id"] == "7"
        assert found["milliseconds"] == 12.5
        assert found["request"] == "GET /x\n"
    with pytest.raises(FileNotFoundError):
        AccessLog(tmp_path / "absent" / "log")


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accepted, is_taken):
    assert http._takes_gzip(accepted) == is_taken
