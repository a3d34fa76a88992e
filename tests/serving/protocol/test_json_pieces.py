import json
import random
import time

import numpy as np
import orjson
import pytest
import tensorflow as tf

from serving.protocol import json_pieces, json_requests, json_responses
from serving.protocol.json_pieces import CannotCut, free, parse_in_pieces
from serving.status import StatusError

LEAVES = [0, 1, -2.5, 1e10, True, None, "a", "b,1", "x[", "{", "q]", "\\"]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(json_pieces, "PIECE", 7)


def random_value(random_source, depth):
    kind = random_source.random()
    if depth == 0 or kind < 0.3:
        return random_source.choice(LEAVES)
    if kind < 0.75:
        return [random_value(random_source, depth - 1) for _ in range(random_source.randrange(5))]
    keys = random_source.sample("abcdef", random_source.randrange(4))
    return {key: random_value(random_source, depth - 1) for key in keys}


def pieces_of(text):
    """Returns the value that is read in pieces, or that it cannot be read so."""
    try:
        return parse_in_pieces(text, orjson.loads)
    except CannotCut:
        return CannotCut


def test_pieces_give_the_value_of_the_whole():
    source = random.Random(0)
    n_read = 0
    for k in range(3000):
        value = random_value(source, 4)
        text = json.dumps(value, indent=k % 3 or None).encode()
        read = pieces_of(text)
        assert read is CannotCut or read == value
        n_read += read is not CannotCut
    assert n_read > 1000


def test_what_is_no_json_is_never_read():
    source = random.Random(1)
    n_broken = 0
    for _ in range(3000):
        text = bytearray(orjson.dumps(random_value(source, 4)))
        place = source.randrange(len(text))
        text[place : place + 1] = source.choice([b"", b"[", b"]", b",", b"}", b"{", b"1", b'"'])
        try:
            expected = orjson.loads(text)
        except orjson.JSONDecodeError:
            expected = CannotCut
            n_broken += 1
        assert pieces_of(bytes(text)) in (CannotCut, expected)
    assert n_broken > 1000


@pytest.mark.parametrize(
    "text",
    [
        b'{"x": [1, 2, 3, 4], "x": [5, 6, 7, 8], "y": 1}',
        b'{"y": [1], "x": [2], "y": [5, 6, 7, 8, 9, 10, 11]}',
        b"[" * 20 + b"1, 2, 3, 4, 5, 6" + b"]" * 20,
        b'["' + b"a" * 200 + b'", 1]',
        b"[1, 2, 3, 4, 5] 6",
        b"1, 2, 3, 4, 5, 6",
        b"         ",
    ],
)
def test_what_cannot_be_cut_is_told_or_read_right(text):
    read = pieces_of(text)
    assert read is CannotCut or read == orjson.loads(text)


@pytest.mark.parametrize("tail", [b"", b" and more"])
def test_requests_in_pieces_hold_the_tokens_and_whole_numbers_of_others(tail):
    body = b'{"instances": [1, 2.5, NaN, -Infinity, 18446744073709551616, 3, 4, 5]}' + tail
    values = json_requests.parse_object(body)["instances"]
    assert list(map(type, values)) == [int, *[float] * 4, int, int, int]
    np.testing.assert_array_equal(values[:5], [1, 2.5, np.nan, -np.inf, 2.0**64])


def test_message_about_a_large_text_names_the_place_in_the_whole():
    body = b'{"instances": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10 11]}'
    with pytest.raises(StatusError, match="delimiter at offset: 45"):
        json_requests.parse_object(body)


def test_nobody_else_waits_for_millions_of_numbers(monkeypatch):
    """Processor time between two looks of the reading thread at whether others want their turn."""
    monkeypatch.undo()
    looks = []

    def parse(text):
        looks.append(time.thread_time())
        return orjson.loads(text)

    body = b"[" + b"1.5," * 400_000 + b"1.5]"
    read = parse_in_pieces(body, parse)
    assert (len(read), len(looks)) == (400_001, 1 + len(body) // (json_pieces.PIECE + 1))
    started = time.thread_time()
    orjson.loads(body)
    assert max(np.diff(looks)) < (time.thread_time() - started) / 2


def test_freed_values_are_gone():
    rows = [{"x": [1.0, 2.0]}, {"x": [[3.0]]}]
    value = {"instances": rows, "name": "a"}
    inner = rows[0]["x"]
    free(value)
    assert (value, rows, inner) == ({}, [], [])


@pytest.mark.parametrize("shape", [(100_000,), (40_000, 3), (2, 50_000), (2, 3, 40_000)])
def test_large_answers_are_written_as_small_ones(shape):
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    array.flat[7] = np.nan
    written = json_responses.write_response({"y": array}, by_rows=True, dtypes={"y": tf.float32})
    read = json.loads(written)["predictions"]
    np.testing.assert_array_equal(np.array(read, np.float32), array)
