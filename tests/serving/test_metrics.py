from types import SimpleNamespace

import pytest

from serving import metrics
from serving.configuration.options import Limits
from serving.endpoints.service import Service
from serving.metrics import OTHER, Counter, Histogram, Metrics
from serving.status import StatusError, not_found


def service_of(*names):
    return Service(SimpleNamespace(knows=names.__contains__), Metrics(), Limits())


def ask(service, name, *, fails=False):
    try:
        with service.request("Predict", "GRPC") as record:
            record.model_name = name
            if fails:
                raise not_found("nobody")
    except StatusError:
        assert fails


def counts(service):
    lines = service.metrics.request_count.lines()
    return {line.split("{")[1].split("} ")[0]: float(line.split()[-1]) for line in lines}


def test_unknown_names_do_not_blind_the_metrics_of_served_models():
    service = service_of("real", "late")
    ask(service, "real")
    for k in range(3000):
        ask(service, f"guess{k}", fails=True)
    ask(service, "real")
    # Its first request comes after all the others.
    ask(service, "late")
    assert counts(service) == {
        'model_name="real",status="OK"': 2,
        'model_name="late",status="OK"': 1,
        f'model_name="{OTHER}",status="NOT_FOUND"': 3000,
    }


@pytest.mark.parametrize("kind", [Counter, Histogram])
def test_combinations_are_bounded_and_those_known_go_on(monkeypatch, kind):
    monkeypatch.setattr(metrics, "_MOST_COMBINATIONS", 3)
    metric = kind("m", ("label",))

    def note(label):
        metric.add(label) if kind is Counter else metric.observe(label, value=1.0)

    for label in ("a", "b", "c" * 300, "d", "e", "a"):
        note(label)
    found = [line for line in metric.lines() if "bucket" not in line and "_sum" not in line]
    name = "m" if kind is Counter else "m_count"
    assert found == [
        f'{name}{{label="a"}} 2',
        f'{name}{{label="b"}} 1',
        f'{name}{{label="{"c" * 200}"}} 1',
        f'{name}{{label="{OTHER}"}} 2',
    ]
