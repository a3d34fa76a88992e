"""A thousand damaged files: each is read, or told in one line that names it."""

import io
import json

import numpy as np
import pytest

from qtf.measurements import Experiments, Setting, read_experiments, write_experiments

N_FILES = 1000
KINDS = (".csv", ".json", ".npz")
JUNK = (
    "", "0", "-1", "1e999", "nan", "999999999999999999999999", "+q", "XQ", "012", "null", "[]",
    "{}", '"', "\x00", "é", "1.5", "true", "Z" * 2000, " ", "0x1", "٣", "1_0",
)  # fmt: skip
VALUES = (
    None, True, -1, 0, 1.5, 10**30, float("inf"), "", "Z", [], {}, [[]], ["+z"], [[1]], [[1, 2, 3]],
    {"0": 1}, {"00": -1}, {"00": 1.5}, {"00": True}, {"00": "1"},
)  # fmt: skip
ARRAYS = (
    np.zeros(0), np.zeros((0, 0, 0)), np.array(3), np.array([1.5]), np.array(["Z"]),
    np.array([-1, 10**9]), np.array([True]), np.array([[2, 0]]), np.full((2, 2, 2), np.nan),
    np.array([1 + 1j]), np.array([2**63], np.uint64), np.array([b"Z"]),
)  # fmt: skip


def experiments():
    settings = [Setting("+x -y", 0.5, "XZ", 10), Setting([[0.25, 1.5], [0.1, -2.0]], 1.0, "YY", 4)]
    return Experiments(settings, [{"00": 7, "10": 3}, {"11": 4}])


def mutate_bytes(content, random):
    content = bytearray(content)
    for _ in range(random.integers(1, 6)):
        place = int(random.integers(len(content)))
        match random.integers(4):
            case 0:
                content[place] ^= 1 << int(random.integers(8))
            case 1:
                content[place:place] = random.bytes(int(random.integers(1, 5)))
            case 2:
                del content[place : place + int(random.integers(1, 20))]
            case 3:
                del content[place:]
        if not content:
            break
    return bytes(content)


def mutate_lines(content, random):
    lines = content.split(b"\n")
    first, second = random.integers(len(lines), size=2)
    match random.integers(3):
        case 0:
            del lines[first]
        case 1:
            lines.insert(first, lines[second])
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def mutate_fields(content, random, kind):
    if kind == ".csv":
        rows = [line.split(",") for line in content.decode().split("\n")]
        row = rows[random.integers(len(rows))]
        row[random.integers(len(row))] = str(random.choice(JUNK))
        return "\n".join(map(",".join, rows)).encode()
    if kind == ".json":
        whole = json.loads(content)
        setting = whole["settings"][random.integers(2)]
        holder = [whole, setting, setting["counts"]][random.integers(3)]
        key = list(holder)[random.integers(len(holder))]
        value = VALUES[random.integers(len(VALUES))]
        if random.integers(4):
            holder[key] = value
        else:
            holder[str(random.choice(JUNK))] = holder.pop(key)
        return json.dumps(whole).encode()
    arrays = dict(np.load(io.BytesIO(content)))
    name = list(arrays)[random.integers(len(arrays))]
    if random.integers(5):
        arrays[name] = ARRAYS[random.integers(len(ARRAYS))]
    else:
        del arrays[name]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def mutate(content, random, kind):
    ways = [mutate_bytes, mutate_lines, lambda old, random: mutate_fields(old, random, kind)]
    return ways[random.integers(3)](content, random)


def read_or_tell(path):
    try:
        return read_experiments(path), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_told_in_one_line(tmp_path, kind):
    random = np.random.default_rng(KINDS.index(kind))
    path = tmp_path / f"shots{kind}"
    write_experiments(path, experiments())
    content, told = path.read_bytes(), 0
    for number in range(-(-N_FILES // len(KINDS))):
        path.write_bytes(mutate(content, random, kind))
        read, message = read_or_tell(path)
        told += bool(message)
        if read is None:
            assert message.startswith(f"File {path}"), number
            assert "\n" not in message, number
            assert len(message) < 700 + len(str(path)), number
        else:
            assert read.shots == sum(setting.shots for setting in read.settings)
            assert sum(sum(counts.values()) for counts in read.counts) == read.shots
        assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert told > N_FILES / len(KINDS) / 2
