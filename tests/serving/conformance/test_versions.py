"""New, broken and vanished versions while the server runs."""

import contextlib
import shutil
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf

from tests.serving.conformance import saved_models
from tests.serving.running_server import error_of, model_config, wait_for

ZERO = {"x": np.float32([0])}
OK = ("AVAILABLE", 0, "")
ENDED = ("END", 0, "")
# The server looks at the folders every second.
TWO_POLLS = 2.3


def offset(server, model):
    return float(tf.make_ndarray(server.predict(model, ZERO).outputs["y"])[0])


class Asking:
    """Asks a model without pause in another thread; every answer is kept, every error raised."""

    def __init__(self, server, model):
        self.answers, self.errors = [], []
        self.server, self.model = server, model
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def _ask(self):
        while not self.stopped.is_set():
            try:
                self.answers.append(offset(self.server, self.model))
            except grpc.RpcError as error:
                self.errors.append((error.code().name, error.details()))
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        assert self.errors == []


@pytest.fixture
def extra_model(server, models, main_config):
    """Context manager of a name: one more model is served for a while."""

    @contextlib.contextmanager
    def served(name):
        server.reload([*main_config, model_config(models.root, name)])
        yield
        server.reload(main_config)

    return served


def test_folders_without_a_number_are_no_versions(server):
    assert server.status("odd")[7] == OK
    assert 9 not in server.status("odd")
    assert server.predict("odd", ZERO).model_spec.version.value == 7


def test_newer_version_takes_over_without_losing_a_request(server, models):
    assert server.status("moving") == {1: OK}
    with Asking(server, "moving") as asking:
        saved_models.copy_into_place(models.made / "2", models.root / "moving", 2)
        wait_for(lambda: server.status("moving") == {2: OK, 1: ENDED})
        wait_for(lambda: asking.answers[-1] == 2.0)
    # First only 1, then only 2.
    changes = np.flatnonzero(np.diff(asking.answers))
    assert len(changes) == 1
    assert set(asking.answers) == {1.0, 2.0}
    assert server.status("moving", version=1) == {1: ENDED}


def test_version_that_vanishes_gives_way_to_the_one_before(server, models, extra_model):
    base = models.root / "going_back"
    base.mkdir()
    for version in (1, 2):
        saved_models.copy_into_place(models.made / str(version), base, version)
    with extra_model("going_back"):
        assert offset(server, "going_back") == 2.0
        with Asking(server, "going_back") as asking:
            shutil.move(base / "2", base / ".gone")
            wait_for(lambda: server.status("going_back") == {2: ENDED, 1: OK})
            wait_for(lambda: asking.answers[-1] == 1.0)
        assert set(asking.answers) == {1.0, 2.0}


def test_broken_version_leaves_the_old_one_serving(server, models):
    base = models.root / "rollback"
    with Asking(server, "rollback") as asking:
        saved_models.save_broken(base / "2")
        wait_for(lambda: server.status("rollback").get(2, ("",))[0] == "END")
    state, code, message = server.status("rollback")[2]
    assert code != 0
    assert str(base / "2") in message
    assert server.status("rollback")[1] == OK
    assert set(asking.answers) == {1.0}
    expected = ("NOT_FOUND", "Servable not found for request: Specific(rollback, 2)")
    assert error_of(server.predict, "rollback", ZERO, version=2) == expected
    saved_models.copy_into_place(models.made / "3", base, 3)
    wait_for(lambda: server.status("rollback").get(3) == OK)
    assert offset(server, "rollback") == 3.0


def test_missing_base_path_unloads_nothing_and_an_empty_one_does(server, models, extra_model):
    base = models.root / "leaving"
    with extra_model("leaving"):
        away = base.rename(base.with_name("away"))
        time.sleep(TWO_POLLS)
        assert offset(server, "leaving") == 1.0
        away.rename(base)
        for version in [path for path in base.iterdir() if path.name.isdigit()]:
            version.rename(base / f".{version.name}")
        wait_for(lambda: {state for state, *_ in server.status("leaving").values()} == {"END"})
        expected = ("NOT_FOUND", "Servable not found for request: Latest(leaving)")
        assert error_of(server.predict, "leaving", ZERO) == expected
