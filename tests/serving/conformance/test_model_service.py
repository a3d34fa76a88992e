"""ModelService: replacing the configuration, labels and version policies at run time."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_management_pb2

from tests.serving.conformance import saved_models
from tests.serving.running_server import error_of, model_config, wait_for

ZERO = {"x": np.float32([0])}
OK = ("AVAILABLE", 0, "")
ENDED = ("END", 0, "")


@pytest.fixture
def reload(server, main_config):
    """Function of extra or replacing configs; the first configuration comes back afterwards."""

    def change(*configs, without=()):
        merged = {config.name: config for config in [*main_config, *configs]}
        return server.reload(config for name, config in merged.items() if name not in without)

    yield change
    server.reload(main_config)
    wait_for(lambda: set(server.status("half").values()) == {OK})


def offset(server, model="half", **choice):
    return float(tf.make_ndarray(server.predict(model, ZERO, **choice).outputs["y"])[0])


def test_new_model_is_served_when_the_call_returns(server, reload, models):
    assert error_of(server.predict, "newcomer", ZERO)[0] == "NOT_FOUND"
    saved_models.save_half_plus(models.root / "newcomer" / "5", 5)
    answer = reload(model_config(models.root, "newcomer"))
    assert (answer.status.error_code, answer.status.error_message) == (0, "")
    assert offset(server, "newcomer") == 5.0
    assert server.status("newcomer") == {5: OK}
    assert server.status("half") == {3: OK, 2: OK, 1: OK}


def test_model_left_out_is_unloaded(server, reload):
    reload(without=["odd"])
    wait_for(lambda: server.status("odd") == {7: ENDED})
    expected = ("NOT_FOUND", "Servable not found for request: Latest(odd)")
    assert error_of(server.predict, "odd", ZERO) == expected
    assert offset(server) == 3.0
    reload()
    wait_for(lambda: server.status("odd") == {7: OK})
    assert offset(server, "odd") == 2.0


def test_labels_choose_versions_by_both_protocols(server, reload, models):
    every = {"model_version_policy": {"all": {}}}
    reload(model_config(models.root, "half", version_labels={"stable": 1, "new one": 3}, **every))
    assert [offset(server, label=label) for label in ("stable", "new one")] == [1.0, 3.0]
    answer = server.predict("half", ZERO, label="stable")
    assert answer.model_spec.version.value == 1
    assert answer.model_spec.version_label == ""
    assert server.metadata("half", label="stable").model_spec.version.value == 1
    for path, expected in {"stable": 1.0, "new%20one": 3.0}.items():
        rest = server.post(f"half/labels/{path}:predict", {"instances": [0]})
        assert json.loads(rest.text) == {"predictions": [expected]}
    metadata = server.rest("GET", "/v1/models/half/labels/stable/metadata")
    assert json.loads(metadata.text)["model_spec"]["version"] == "1"


def test_labels_move_and_vanish_with_the_configuration(server, reload, models):
    def labelled(labels):
        policy = {"all": {}}
        return model_config(models.root, "half", version_labels=labels, model_version_policy=policy)

    reload(labelled({"stable": 1, "old": 2}))
    reload(labelled({"stable": 2}))
    assert offset(server, label="stable") == 2.0
    expected = ("INVALID_ARGUMENT", "Unrecognized servable version label: old")
    assert error_of(server.predict, "half", ZERO, label="old") == expected
    reload()
    code, message = error_of(server.predict, "half", ZERO, label="stable")
    assert (code, message) == ("INVALID_ARGUMENT", "Unrecognized servable version label: stable")


def test_label_of_a_version_that_is_not_loaded_is_refused(server, reload, models):
    every = {"model_version_policy": {"all": {}}}
    reload(model_config(models.root, "half", version_labels={"stable": 1}, **every))
    wrong = model_config(models.root, "half", version_labels={"stable": 9}, **every)
    assert error_of(reload, wrong) == (
        "FAILED_PRECONDITION",
        "Request to assign label to version 9 of model half, "
        "which is not currently available for inference",
    )
    assert offset(server, label="stable") == 1.0


def with_field(root, name, field, value):
    config = model_config(root, name)
    setattr(config, field, value)
    return config


REFUSED = [
    (
        lambda root: [model_config(root, "half"), model_config(root, "half")],
        "Illegal to list model half multiple times in config list",
    ),
    (
        lambda root: [with_field(root, "half", "base_path", "relative/path")],
        "Expected model half to have an absolute path or URI; got base_path()=relative/path",
    ),
    (
        lambda root: [with_field(root, "extra", "model_platform", "")],
        "Illegal setting neither ModelServerConfig::model_type (deprecated) "
        "nor ModelServerConfig::model_platform",
    ),
    (
        lambda root: [with_field(root, "half", "model_platform", "caffe")],
        "Illegal to change a model's platform. For model half platform was tensorflow "
        "and new platform requested is caffe",
    ),
    (
        lambda root: [with_field(root, "extra", "model_platform", "caffe")],
        "Model extra requests unsupported platform caffe",
    ),
]


@pytest.mark.parametrize(("configs", "message"), REFUSED)
def test_configuration_that_is_refused_changes_nothing(server, reload, models, configs, message):
    code, text = error_of(server.reload, configs(models.root))
    assert (code, text[: len(message)]) == ("INVALID_ARGUMENT", message)
    assert server.status("half") == {3: OK, 2: OK, 1: OK}
    assert offset(server) == 3.0
    assert server.post("zoo:predict", {"instances": [1]}).status == 200


@pytest.mark.parametrize("custom", [False, True])
def test_request_without_a_list_is_refused(server, custom):
    request = model_management_pb2.ReloadConfigRequest()
    if custom:
        request.config.custom_model_config.SetInParent()
    code, message = error_of(server.model.HandleReloadConfigRequest, request)
    assert (code, message) == (
        "INVALID_ARGUMENT",
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )


def test_new_model_that_cannot_load_is_reported(server, reload, models):
    saved_models.save_broken(models.root / "hopeless" / "4")
    code, message = error_of(reload, model_config(models.root, "hopeless"))
    assert code == "UNKNOWN"
    pattern = (
        r"1 model\(s\) did not become available: \{.*name: hopeless version: 4.* due to error: "
    )
    assert re.match(pattern, message)
    assert offset(server) == 3.0
    # The first attempt is reported while another one may be under way.
    wait_for(lambda: server.status("hopeless")[4][0] == "END")
    ((version, (_, error_code, _)),) = server.status("hopeless").items()
    assert version == 4
    assert error_code != 0


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        ({}, {3}),
        ({"latest": {"num_versions": 2}}, {2, 3}),
        ({"latest": {"num_versions": 0}}, {3}),
        ({"specific": {"versions": [1]}}, {1}),
        ({"specific": {"versions": [1, 3, 9]}}, {1, 3}),
    ],
)
def test_version_policy_decides_what_is_served(server, reload, models, policy, served):
    reload(model_config(models.root, "half", model_version_policy=policy))
    expected = {version: OK if version in served else ENDED for version in (1, 2, 3)}
    wait_for(lambda: server.status("half") == expected)
    assert offset(server) == max(served)
    for version in {1, 2, 3} - served:
        code, message = error_of(server.predict, "half", ZERO, version=version)
        assert code == "NOT_FOUND"
        assert message == f"Servable not found for request: Specific(half, {version})"


def test_new_base_path_replaces_the_versions(server, reload, models):
    saved_models.copy_into_place(models.made / "1", models.root / "leaving", 11)
    reload(with_field(models.root, "odd", "base_path", str(models.root / "leaving")))
    wait_for(lambda: server.status("odd") == {11: OK, 7: ENDED})
    assert offset(server, "odd") == 1.0
    reload()
    wait_for(lambda: server.status("odd") == {11: ENDED, 7: OK})


def test_labels_at_the_start_need_the_flag(batching_server):
    assert [offset(batching_server, label=label) for label in ("stable", "canary")] == [1.0, 3.0]


def test_flag_allows_new_labels_but_no_move_to_an_unloaded_version(batching_server, models):
    def configs(**labels):
        policy = {"specific": {"versions": [1, 3]}}
        half = {"version_labels": labels, "model_version_policy": policy}
        others = [
            model_config(models.root, name) for name in ("zoo", "half_plus_two", "warm", "cold")
        ]
        return [model_config(models.root, "half", **half), *others]

    batching_server.reload(configs(stable=1, canary=3, future=9))
    code, message = error_of(batching_server.predict, "half", ZERO, label="future")
    assert (code, message) == ("NOT_FOUND", "Servable not found for request: Specific(half, 9)")
    code, message = error_of(batching_server.reload, configs(stable=9, canary=3))
    assert code == "FAILED_PRECONDITION"
    assert "Request to assign label to version 9 of model half" in message
    batching_server.reload(configs(stable=1, canary=3))
    assert offset(batching_server, label="stable") == 1.0
