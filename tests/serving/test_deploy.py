"""The files of deploy/ agree with one another, with the stock server's flags and with ours.

No container can be started in a test; what can be checked without one is checked here.
"""

import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.serving.client.fakes import FakeModel, Refusal, rest_server
from tests.serving.stock_flags import STOCK_FLAGS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
MANIFESTS = [*KUBERNETES, *sorted(DEPLOY.glob("*.yaml"))]

# The stock server answers an unknown flag with its usage and exit code -1, so a misspelt one would
# stop every pod.
NAMED_IN_TEXT = {"enable_batching", "batching_parameters_file", "ssl_config_file"}


def _documents(path):
    return list(yaml.safe_load_all(path.read_text()))


def _compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["serving"]


def _kubernetes(kind):
    (found,) = [d for path in KUBERNETES for d in _documents(path) if d["kind"] == kind]
    return found


def _pod():
    return _kubernetes("Deployment")["spec"]["template"]["spec"]


def _container():
    (container,) = _pod()["containers"]
    return container


def _compose_flags():
    return _flags(shlex.split(_compose()["command"].replace("${FLAGS:-}", "")))


def _flags(words):
    assert all(re.fullmatch(r"--[a-z_]+=\S+", word) for word in words), words
    return dict(word[2:].split("=", 1) for word in words)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifest_is_yaml(path):
    assert all(isinstance(document, dict) for document in _documents(path))


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_object_has_its_header(path):
    for document in _documents(path):
        assert {"apiVersion", "kind", "metadata"} <= set(document)
        assert document["metadata"]["name"]


def test_kustomization_lists_every_file():
    content = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    assert sorted(DEPLOY / name for name in content["resources"]) == KUBERNETES
    (generator,) = content["configMapGenerator"]
    assert all((DEPLOY / name).is_file() for name in generator["files"])
    (volume,) = [v for v in _pod()["volumes"] if "configMap" in v]
    assert volume["configMap"]["name"] == generator["name"]


def test_kustomize_renders_the_manifests():
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl on PATH")
    command = ["kubectl", "kustomize", str(DEPLOY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rendered = {document["kind"]: document for document in yaml.safe_load_all(done.stdout)}
    assert len(rendered) == len(KUBERNETES) + 1
    config = rendered["ConfigMap"]
    assert config["data"]["models.config"] == (DEPLOY / "models.config").read_text()
    volumes = rendered["Deployment"]["spec"]["template"]["spec"]["volumes"]
    (name,) = [v["configMap"]["name"] for v in volumes if "configMap" in v]
    assert name == config["metadata"]["name"] != "qtf-serving-config"


def test_images_are_pinned():
    compose_image = _compose()["image"]
    (default,) = re.fullmatch(r"\$\{IMAGE:-(.+)\}", compose_image).groups()
    (override,) = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())["images"]
    assert default == _container()["image"] == f"{override['name']}:{override['newTag']}"
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", default)
    for path in (*MANIFESTS, DEPLOY / "Dockerfile"):
        assert ":latest" not in path.read_text()


def test_flags_exist_in_the_stock_server():
    for flags in (_compose_flags(), _flags(_container()["args"])):
        assert set(flags) <= STOCK_FLAGS
    assert NAMED_IN_TEXT <= STOCK_FLAGS


def test_flags_exist_in_our_server():
    command = [sys.executable, "-m", "serving.server", "--help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    ours = set(re.findall(r"^ +--([a-z_]+)$", text, re.MULTILINE))
    assert ours >= {*_compose_flags(), *_flags(_container()["args"]), *NAMED_IN_TEXT}


def test_both_manifests_give_the_same_flags():
    compose = _compose_flags()
    # A changed ConfigMap replaces the pods, so nothing has to be read again there.
    del compose["model_config_file_poll_wait_seconds"]
    assert _flags(_container()["args"]) == compose


def test_flags_in_text_stand_in_readme():
    text = (DEPLOY / "README.md").read_text()
    assert all(f"--{flag}" in text for flag in NAMED_IN_TEXT)


def test_readme_says_that_no_container_was_run():
    text = " ".join((DEPLOY / "README.md").read_text().split())
    assert "Containers could not be run where this was written." in text


def test_readme_names_only_files_that_exist():
    text = (DEPLOY / "README.md").read_text()
    named = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)[2:]
    files = [name for cell in named for name in re.findall(r"`(.+?)`", cell)]
    assert len(files) > 8
    assert all((DEPLOY / name).exists() for name in files)


def test_ports_agree():
    grpc, rest = _compose_flags()["port"], _compose_flags()["rest_api_port"]
    assert (grpc, rest) == ("8500", "8501")
    published = _compose()["ports"]
    assert published == [
        f"127.0.0.1:${{GRPC_PORT:-{grpc}}}:{grpc}",
        f"127.0.0.1:${{REST_PORT:-{rest}}}:{rest}",
    ]
    named = {port["name"]: str(port["containerPort"]) for port in _container()["ports"]}
    assert named == {"grpc": grpc, "rest": rest}
    service = {p["targetPort"]: str(p["port"]) for p in _kubernetes("Service")["spec"]["ports"]}
    assert service == named
    rules = _kubernetes("NetworkPolicy")["spec"]["ingress"]
    assert {str(port["port"]) for rule in rules for port in rule["ports"]} == {grpc, rest}
    (jobs, pods) = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"]
    assert jobs["static_configs"][0]["targets"] == [f"127.0.0.1:{rest}"]
    assert {"rest"} <= {rule.get("regex") for rule in pods["relabel_configs"]}
    assert f"EXPOSE {grpc} {rest}" in (DEPLOY / "Dockerfile").read_text()


def test_files_of_flags_are_mounted():
    mounts = {m["mountPath"] for m in _container()["volumeMounts"]}
    assert mounts == {"/models", "/config", "/tmp"}
    assert {m["name"] for m in _container()["volumeMounts"]} == {
        v["name"] for v in _pod()["volumes"]
    }
    for flags in (_compose_flags(), _flags(_container()["args"])):
        for name, value in flags.items():
            if name.endswith("_file"):
                assert value.startswith("/config/")
                assert (DEPLOY / value.removeprefix("/config/")).is_file()
    models, config, tls = _compose()["volumes"]
    assert models.endswith("}:/models/ising:ro")
    assert config == ".:/config:ro"
    assert tls == "${TLS_CONFIG:-./ssl.config}:/tls/ssl.config:ro"
    assert "/tls/ssl.config" in (DEPLOY / "README.md").read_text()


def test_labels_select_the_pods():
    labels = _kubernetes("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert _kubernetes("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert _kubernetes("Service")["spec"]["selector"] == labels
    assert _kubernetes("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert _kubernetes("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    target = _kubernetes("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert target["name"] == _kubernetes("Deployment")["metadata"]["name"]
    assert "replicas" not in _kubernetes("Deployment")["spec"]
    claims = (volume.get("persistentVolumeClaim") for volume in _pod()["volumes"])
    (claim,) = filter(None, claims)
    assert claim["claimName"] == _kubernetes("PersistentVolumeClaim")["metadata"]["name"]


def test_server_runs_without_privileges():
    pod, container, compose = _pod(), _container()["securityContext"], _compose()
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]} == {"drop": compose["cap_drop"]}
    assert compose["read_only"]
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert compose["user"] == user
    assert f"USER {user}" in (DEPLOY / "Dockerfile").read_text()
    assert all(volume.endswith(":ro") for volume in compose["volumes"])


def test_pod_has_time_to_drain():
    seconds = int(_container()["lifecycle"]["preStop"]["exec"]["command"][1])
    flag = (ROOT / "serving" / "server.py").read_text()
    drain = float(re.search(r'"drain_seconds", ([\d.]+)', flag)[1])
    assert _pod()["terminationGracePeriodSeconds"] >= seconds + drain
    assert int(_compose()["stop_grace_period"].removesuffix("s")) >= drain


def test_probes_ask_for_the_served_model():
    from serving.configuration import text_config

    (model,) = text_config.read_models(DEPLOY / "models.config")
    container = _container()
    metadata = f"/v1/models/{model.name}/metadata"
    assert container["readinessProbe"]["httpGet"] == {"path": metadata, "port": "rest"}
    assert container["startupProbe"]["httpGet"] == container["readinessProbe"]["httpGet"]
    assert container["livenessProbe"]["httpGet"]["path"] == f"/v1/models/{model.name}"
    assert metadata in _compose()["healthcheck"]["test"][-1]
    assert str(model.base_path) == f"/models/{model.name}"


def test_models_file_is_what_the_stock_server_reads():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (DEPLOY / "models.config").read_text()
    found = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (model,) = found.model_config_list.config
    assert model.model_platform == "tensorflow"
    assert model.model_version_policy.latest.num_versions == 2
    assert dict(model.version_labels) == {"stable": 1}
    # Else a label to a version that is not loaded yet would stop the server at its start.
    assert _compose_flags()["allow_version_labels_for_unavailable_models"] == "true"


def test_batching_and_monitoring_files_are_read_by_our_server():
    from serving.configuration import text_config

    batching = text_config.read_batching(DEPLOY / "batching.config")
    assert (batching.max_batch_size, batching.max_enqueued_batches) == (64, 100)
    assert batching.batch_timeout == pytest.approx(0.02)
    route = text_config.read_monitoring(DEPLOY / "monitoring.config")
    for job in yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"]:
        assert job["metrics_path"] == route
    assert route in (DEPLOY / "README.md").read_text()


def test_ssl_file_has_the_form_that_is_read():
    from serving.configuration import text_config

    found = text_config.read_tls(DEPLOY / "ssl.config")
    assert b"\n(private key of the server)\n" in found.server_key
    assert not found.client_verify


@pytest.fixture
def make_certificates(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("no openssl on PATH")

    def make(*arguments):
        command = [str(DEPLOY / "make_certificates.sh"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    return make


def test_certificates_belong_together_and_stay_secret(make_certificates, tmp_path):
    from serving.configuration import text_config

    done = make_certificates("tls", "serving.example.org", "10.1.2.3")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "tls"
    found = text_config.read_tls(folder / "ssl.config")
    assert found.server_key == (folder / "server.key").read_bytes()
    assert found.server_certificate == (folder / "server.pem").read_bytes()
    assert found.custom_ca == (folder / "authority.pem").read_bytes()
    for name, protocol in (
        ("server", ssl.PROTOCOL_TLS_SERVER),
        ("client", ssl.PROTOCOL_TLS_CLIENT),
    ):
        ssl.SSLContext(protocol).load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    text = subprocess.run(
        ["openssl", "x509", "-in", folder / "server.pem", "-noout", "-ext", "subjectAltName"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in ("DNS:localhost", "DNS:serving.example.org", "IP Address:10.1.2.3"):
        assert name in text
    secret = ["authority.key", "client.key", "server.key", "ssl.config"]
    others = {p.name for p in folder.iterdir() if p.stat().st_mode & 0o077}
    assert others.isdisjoint(secret)


def test_certificates_are_never_overwritten(make_certificates):
    assert make_certificates("tls").returncode == 0
    done = make_certificates("tls")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make_certificates.sh: error: tls/server.key exists already.\n"
    assert make_certificates().returncode == 2


def _health(address):
    (*_, script) = _compose()["healthcheck"]["test"]
    port = address.rpartition(":")[2]
    # As compose would: $$ is its way to write $.
    script = script.replace("/8501", f"/{port}").replace("$$", "$")
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, timeout=10, check=False
    ).returncode


def test_health_check_knows_a_served_model():
    from serving.status import Code

    model = FakeModel()
    with rest_server(model) as address:
        assert _health(address) == 0
        model.faults.append(Refusal(Code.NOT_FOUND))
        assert _health(address) != 0
    assert _health(address) != 0


def test_dockerfile_copies_what_setup_needs():
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    kept = {line[1:] for line in kept if line.startswith("!")}
    setup = (ROOT / "setup.py").read_text()
    rooms = set(re.findall(r'"(\w+)"', re.search(r"ROOMS = \((.+?)\)", setup)[1]))
    assert len(rooms) > 4
    assert rooms <= kept
    assert {"configs", "setup.py", "pyproject.toml", "constraints.txt", "README.md"} <= kept
    assert all((ROOT / name).exists() for name in kept)
    text = (DEPLOY / "Dockerfile").read_text()
    assert _compose()["entrypoint"] == _container()["command"] == ["tensorflow_model_server"]
    assert "/usr/local/bin/tensorflow_model_server" in text
    assert "qtf-serve --host=0.0.0.0" in text
    assert "--constraint constraints.txt '.[serve]'" in text
