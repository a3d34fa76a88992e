import json

import pytest

from qtf.data.schema import Manifest


def _edit(folder, change):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def _shard(folder):
    return next(iter(sorted(folder.glob("*.tfrecord"))))


def test_saving_and_loading_gives_the_same(data_dir, tmp_path):
    manifest = Manifest.load(data_dir)
    manifest.save(tmp_path)
    assert Manifest.load(tmp_path, verify="none") == manifest


def test_counts_and_lengths_are_those_of_the_config(data_dir):
    manifest = Manifest.load(data_dir)
    assert (manifest.n_times, manifest.n_sites("train")) == (21, (2, 3))
    counts = [manifest.n_trajectories("train", n) for n in (2, 3)]
    assert [*counts, manifest.n_trajectories("validation", 3)] == [30, 25, 5]


def test_shards_fails_on_an_unknown_split(data_dir):
    with pytest.raises(ValueError, match="Argument `split` must be one of .*, but is 'dev'"):
        Manifest.load(data_dir).shards("dev", 2)


def test_shards_fails_on_a_missing_length(data_dir):
    with pytest.raises(ValueError, match=r"Argument `n_sites` must be one of \(2, 3\).*but is 9"):
        Manifest.load(data_dir).shards("train", 9)


def test_loading_fails_on_an_unknown_check(data_dir):
    with pytest.raises(ValueError, match="Argument `verify` must be .*, but is 'md5'"):
        Manifest.load(data_dir, verify="md5")


def test_loading_fails_without_folder(tmp_path):
    with pytest.raises(ValueError, match=r"absent does not exist"):
        Manifest.load(tmp_path / "absent")


def test_loading_fails_on_an_empty_folder(tmp_path):
    with pytest.raises(ValueError, match=r"holds no trajectories: manifest\.json is missing"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "is no JSON"), ("[]", "must hold a JSON")])
def test_loading_fails_on_a_foreign_manifest(tmp_path, text, message):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.update(schema_version=99),
            "must have schema version 2 or an earlier one, but has 99",
        ),
        (lambda c: c.pop("dt"), r"missing or unknown keys in Manifest: \['dt'\]"),
        (lambda c: c.update(dt="x"), "`dt` must be of type float, but is 'x'"),
        (lambda c: c.update(files={}), "`files` must be of type list"),
        (lambda c: c.update(files=[]), "names no shard"),
        (lambda c: c.update(files=[3]), "must describe a shard by an object, not by 3"),
        (lambda c: c["files"][0].pop("sha256"), r"unknown keys in Shard: \['sha256'\]"),
        (lambda c: c.update(dtype="int8"), "`dtype` must be one of .*, but is 'int8'"),
        (lambda c: c.update(compression="zip"), "`compression` must be one of"),
        (lambda c: c["files"][0].update(split="dev"), "`split` must be one of"),
    ],
)
def test_loading_fails_on_a_changed_manifest(own_dir, change, message):
    _edit(own_dir, change)
    with pytest.raises(ValueError, match=message) as raised:
        Manifest.load(own_dir)
    assert str(own_dir / "manifest.json") in str(raised.value)


def test_loading_names_a_missing_shard(own_dir):
    path = _shard(own_dir)
    path.unlink()
    with pytest.raises(ValueError, match=f"File {path} is missing"):
        Manifest.load(own_dir)


def test_loading_names_a_truncated_shard(own_dir):
    path = _shard(own_dir)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"File {path} must have \d+ bytes, but has \d+"):
        Manifest.load(own_dir)


def test_loading_with_digests_names_a_flipped_byte(own_dir):
    path = _shard(own_dir)
    content = bytearray(path.read_bytes())
    content[100] ^= 4
    path.write_bytes(content)
    Manifest.load(own_dir)
    with pytest.raises(ValueError, match=f"File {path} does not have the sha256"):
        Manifest.load(own_dir, verify="sha256")
