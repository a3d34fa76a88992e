"""The manifests are what Kubernetes takes, and our server does what they count on.

No cluster can be started in a test: objects are held against the schemas of Kubernetes, the patches
of kustomize against kustomize itself where it is there, and the server is started with the flags of
the manifest, so that its probes, its end and the metric of the autoscaler are really there.
"""

import json
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kubernetes_validate
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from serving.configuration import text_config
from tests.serving.conformance.saved_models import save_half_plus
from tests.serving.manifests import (
    COMPONENT,
    DEPLOY,
    flags,
    our_objects,
    serving_container,
    stock_objects,
)
from tests.serving.running_server import RunningServer, model_config, write_text

# The oldest that is supported upstream, and the newest whose schemas are there.
VERSIONS = ("1.34", "1.37")
OBJECTS = {"stock": stock_objects, "ours": our_objects}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("server", OBJECTS)
def test_objects_fit_the_schemas_of_kubernetes(server, version):
    objects = OBJECTS[server]()
    assert len(objects) == 7
    for document in objects.values():
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schema_finds_a_misspelt_field():
    deployment = stock_objects()["Deployment"]
    serving_container({"Deployment": deployment})["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_kustomize_makes_the_same_of_the_component(tmp_path):
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl on PATH")
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    file = tmp_path / "deploy" / "kustomization.yaml"
    text = file.read_text()
    component = "components:\n  - kubernetes/qtf_serve\n"
    commented = "".join(f"# {line}\n" for line in component.splitlines())
    assert commented in text
    file.write_text(text.replace(commented, component))
    command = ["kubectl", "kustomize", str(file.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rendered = {document["kind"]: document for document in yaml.safe_load_all(done.stdout)}
    expected = our_objects()
    assert serving_container(rendered) == serving_container(expected)
    assert (
        rendered["HorizontalPodAutoscaler"]["spec"] == expected["HorizontalPodAutoscaler"]["spec"]
    )


def test_pods_leave_the_service_drain_and_then_end():
    objects = our_objects()
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    container = serving_container(objects)
    leaving = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(flags(container)["drain_seconds"])
    assert pod["terminationGracePeriodSeconds"] > leaving + drain
    # A pod that has left the service must be out of it before it refuses requests.
    assert leaving > container["readinessProbe"]["periodSeconds"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "rest"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "rest"}


def test_workers_share_the_processors_of_the_pod():
    container = serving_container(our_objects())
    asked = flags(container)
    threads = int(asked["workers"]) * int(asked["tensorflow_session_parallelism"])
    assert threads == int(container["resources"]["requests"]["cpu"])


def test_pods_grow_with_the_metric_of_the_adapter():
    (pods, _) = our_objects()["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert pods["pods"]["metric"]["name"] == _rule()["name"]["as"]
    labels = {rule.get("target_label") for rule in _scraped()["relabel_configs"]}
    assert {*_rule()["resources"]["overrides"]} <= labels


def _rule():
    (rule,) = yaml.safe_load((DEPLOY / "prometheus_adapter.yaml").read_text())["rules"]["custom"]
    return rule


def _scraped():
    (_, pods) = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"]
    return pods


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Our server with the flags of the manifest; its model is batched like an export of qtf."""
    folder = tmp_path_factory.mktemp("kubernetes")
    (served,) = text_config.read_models(DEPLOY / "models.config")
    version = folder / served.name / "1"
    save_half_plus(version, 1)
    (version / "assets" / "config.json").write_text("{}")
    config = model_config(folder, served.name, version_labels=dict(served.labels))
    asked = flags(serving_container(our_objects())) | {
        "model_config_file": str(write_text(folder / "models.config", [config])),
        "monitoring_config_file": str(DEPLOY / "monitoring.config"),
    }
    given = [f"--{name}={value}" for name, value in asked.items() if "port" not in name]
    with RunningServer.started(given, folder) as running:
        running.name = served.name
        yield running


def test_probes_of_the_manifest_are_answered(server):
    container = serving_container(our_objects())
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server.rest("GET", container[probe]["httpGet"]["path"]).status == 200


def test_the_metric_of_the_autoscaler_is_among_those_of_the_server(server):
    """The rule is worked out by hand from two looks at the metrics, as Prometheus would."""
    (name,) = set(re.findall(r":tensorflow:[\w:]+", _rule()["metricsQuery"]))
    assert f'__name__="{name}"' in _rule()["seriesQuery"]
    start = threading.Barrier(16)

    def ask(number):
        start.wait()
        # Too much to be run at once, and not too much for a batch.
        rows = [[float(number)] * 4] * 500
        return json.loads(server.post(f"{server.name}:predict", {"inputs": rows}).text)

    before, started = _sum(server, name), time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16)))
    assert [answer["outputs"][0][0] for answer in answers] == [k / 2 + 1 for k in range(16)]
    # Seconds of waiting in a second are requests that wait.
    waiting = (_sum(server, name) - before) / 1e6 / (time.monotonic() - started)
    assert 0 < waiting < 16


def _sum(server, name):
    page = server.rest("GET", _scraped()["metrics_path"]).text
    families = text_string_to_metric_families(page)
    return sum(x.value for family in families for x in family.samples if x.name == name)


def test_the_component_is_told_in_the_readme():
    text = (DEPLOY / "README.md").read_text()
    assert COMPONENT.name in text
    assert "prometheus_adapter.yaml" in text
