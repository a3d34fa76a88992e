import os

import numpy as np
import pytest

from serving.models.loaded_version import LoadedVersion
from serving.models.warm_up import warm_up
from serving.status import StatusError
from tests.serving.conformance import saved_models


@pytest.mark.parametrize("name", ["models [1]", "m*", "back\\slash", "~", "größe {a,b}"])
def test_a_folder_of_any_name_is_served(tmp_path, name):
    saved_models.save_half_plus(tmp_path / name / "1", 2.0)
    saved_models.write_warm_up(tmp_path / name / "1", n_requests=1, signature="serving_default")
    version = LoadedVersion("half", 1, tmp_path / name / "1")
    assert warm_up(version) == 1
    answer = version.run("serving_default", {"x": np.float32([1.0])}, ["y"])
    np.testing.assert_array_equal(answer["y"], [2.5])
    version.close()


def test_of_two_folders_one_of_which_is_a_pattern_of_the_other_each_is_itself(tmp_path):
    for name, offset in (("m1", 1.0), ("m[1]", 2.0)):
        saved_models.save_half_plus(tmp_path / name / "1", offset)
    version = LoadedVersion("half", 1, tmp_path / "m[1]" / "1")
    answer = version.run("serving_default", {"x": np.float32([0.0])}, ["y"])
    np.testing.assert_array_equal(answer["y"], [2.0])


def test_neither_a_version_nor_a_failure_leaves_a_folder_open(tmp_path):
    saved_models.save_half_plus(tmp_path / "m[1]" / "1", 2.0)
    saved_models.save_broken(tmp_path / "m[1]" / "2")
    before = open_folders(tmp_path)
    version = LoadedVersion("half", 1, tmp_path / "m[1]" / "1")
    assert len(open_folders(tmp_path)) == len(before) + 1
    version.close()
    with pytest.raises(StatusError):
        LoadedVersion("half", 2, tmp_path / "m[1]" / "2")
    assert open_folders(tmp_path) == before


def open_folders(below):
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    names = [os.readlink(link) for link in links if os.path.exists(link)]
    return [name for name in names if name.startswith(str(below))]
