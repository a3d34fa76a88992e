"""Models that are sampled, on the page in a real browser; the client asks the same server."""

import contextlib
import io

import numpy as np
import pytest

from serving.client import Client
from serving.page import ServedModel
from tests.serving.page.acting import IS_DONE, address, change, start, text, value
from tests.serving.page.sampled_stub import AT_REST, GROUND_STATE, OPEN_SYSTEM
from tests.serving.page.stub_server import EVERY_KIND, StubServer


@pytest.fixture(scope="module")
def stub():
    server = StubServer(served=EVERY_KIND)
    yield server
    server.close()


def client(stub, model):
    return Client(stub.url, model=model, timeout=20.0)


def shown(browser, row, column="measured"):
    return browser.evaluate(value("measured", row, column))


def error_of(browser, row):
    cell = f"#measured [data-name={row}] [data-column=measured] data[data-name=error]"
    return browser.evaluate(f"Number(document.querySelector({cell!r}).value)")


def titles(browser, figure):
    """Returns what the points of a figure say: (name, place, mean, error, exact)."""
    told = browser.evaluate(
        f"[...document.querySelectorAll('#{figure} .plot g > title')].map((t) => t.textContent)"
    )
    return [read_title(each) for each in told]


def read_title(told):
    head, *rest = told.replace("−", "-").split("\n")
    name, _, numbers = head.partition(": ")
    mean, error = numbers.split(" ± ")
    exact = rest[0].removeprefix("exact ") if rest else "nan"
    return name, *map(plain, (mean, error, exact))


def plain(number):
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    return float(number.translate(digits).replace("·10", "e") if "·" in number else number)


def test_means_of_a_wave_function_are_those_of_the_client(browser, stub):
    start(browser, stub, "model=psi&samples=1500&seed=3")
    with client(stub, "psi") as asked:
        found = asked.ground_state(1500, seed=3)
    for row, mean in {
        "energy": found.energy,
        "magnetization": found.magnetization,
        "abs_magnetization": found.abs_magnetization,
    }.items():
        assert shown(browser, row) == pytest.approx(mean.value, rel=1e-6)
        assert error_of(browser, row) == pytest.approx(mean.error, rel=1e-5)
    assert shown(browser, "energy_per_site") == pytest.approx(found.energy.value / 6, rel=1e-6)
    assert shown(browser, "variance") == pytest.approx(found.variance, rel=1e-4)
    assert shown(browser, "v_score") == pytest.approx(found.v_score, rel=1e-4)
    matrix = stub.sampled["psi"].matrix
    exact = np.linalg.eigvalsh(matrix)[0]
    assert shown(browser, "energy", "exact") == pytest.approx(exact, rel=1e-10)
    relative = (found.energy.value - exact) / abs(exact)
    assert shown(browser, "relative_error") == pytest.approx(relative, rel=1e-3, abs=1e-9)
    assert browser.complaints() == []


def test_sites_and_pairs_are_means_over_the_clients_samples(browser, stub):
    start(browser, stub, "model=psi&samples=400&seed=1&site=3")
    with client(stub, "psi") as asked:
        spins = 1.0 - 2.0 * asked.sample(400, seed=1).values
    told = titles(browser, "site_means")
    assert [name for name, *_ in told] == [f"⟨Z⟩, {k}" for k in range(1, 7)]
    np.testing.assert_allclose([row[1] for row in told], spins.mean(axis=0), rtol=1e-3)
    errors = spins.std(axis=0, ddof=1) / 20
    np.testing.assert_allclose([row[2] for row in told], errors, rtol=0.06)
    pairs = titles(browser, "pair_means")
    assert [name for name, *_ in pairs] == [f"⟨ZZ⟩, {k}" for k in (1, 2, 4, 5, 6)]
    expected = (spins[:, [2]] * spins)[:, [0, 1, 3, 4, 5]].mean(axis=0)
    np.testing.assert_allclose([row[1] for row in pairs], expected, rtol=1e-3)
    for *_, mean, error, exact in (*told, *pairs):
        assert abs(mean - exact) < 6 * error


def test_another_site_is_shown_without_asking_again(browser, stub):
    start(browser, stub, "model=psi&samples=50&site=2")
    stub.requests.clear()
    browser.evaluate(change("#site", 5))
    browser.wait_for("location.hash.includes('site=5')")
    assert "⟨ZZ⟩, 5" not in [name for name, *_ in titles(browser, "pair_means")]
    browser.evaluate(change("#site", 99))
    browser.wait_for("location.hash.includes('site=6')")
    assert stub.requests == []


def test_samples_are_drawn_as_pictures_of_the_lattice(browser, stub):
    start(browser, stub, "model=psi&samples=30&seed=2")
    with client(stub, "psi") as asked:
        drawn = asked.sample(30, seed=2)
    words = browser.evaluate(
        "[...document.querySelectorAll('#samples .picture svg')].map((e) => e.ariaLabel)"
    )
    arrows = ["".join("↓" if bit else "↑" for bit in row) for row in drawn.values[:24]]
    assert words == arrows
    downs = browser.evaluate(
        "document.querySelectorAll('.picture .down')[2].getAttribute('d').split('M').length - 1"
    )
    assert downs == drawn.values[2].sum()
    caption = browser.evaluate("document.querySelector('#samples .picture span').textContent")
    assert plain(caption.removeprefix("|ψ|² = ")) == pytest.approx(np.exp(drawn.log_prob[0]), 0.06)


@pytest.mark.parametrize("model", ["open", "rest"])
def test_means_of_an_open_system_are_those_of_the_client(browser, stub, model):
    start(browser, stub, f"model={model}&samples=1200&seed=5")
    with client(stub, model) as asked:
        found = asked.open_system(1200, seed=5)
    for row in ("x", "y", "z", "xx", "yy", "zz"):
        mean = getattr(found, row)
        assert shown(browser, row) == pytest.approx(mean.value, rel=1e-5, abs=1e-7)
        assert error_of(browser, row) == pytest.approx(mean.error, rel=1e-5)
        # The stub is 3 % off, which the error bar hides.
        assert abs(shown(browser, row, "exact") - mean.value) < 5 * mean.error
    is_course = browser.evaluate("document.getElementById('course').checkVisibility()")
    assert is_course == (model == "open")
    assert len(titles(browser, "averages")) == 6
    assert browser.complaints() == []


def test_sites_and_pairs_of_an_open_system_are_those_of_the_clients_samples(browser, stub):
    start(browser, stub, "model=open&samples=500&seed=2&site=1")
    with client(stub, "open") as asked:
        outcomes = asked.sample(500, seed=2).values
    values = [stub.sampled["open"].povm.pauli_values(name)[outcomes] for name in "XYZ"]
    told = titles(browser, "site_means")
    expected = np.concatenate([each.mean(axis=0) for each in values])
    np.testing.assert_allclose([row[1] for row in told], expected, rtol=1e-3, atol=1e-5)
    pairs = titles(browser, "pair_means")
    expected = [(each[:, 0] * each[:, other]).mean() for each in values for other in (1, 2)]
    np.testing.assert_allclose([row[1] for row in pairs], expected, rtol=1e-3, atol=1e-5)


def test_course_ends_where_the_model_is(browser, stub):
    start(browser, stub, "model=open&samples=100")
    curves = "document.querySelectorAll('#course .curve.dashes:not(.legend *)').length"
    assert browser.evaluate(curves) >= 3
    place = "document.querySelectorAll('#course .plot .dot')[0].getAttribute('cx')"
    width = browser.evaluate("document.querySelector('#course .plot svg').clientWidth")
    assert float(browser.evaluate(place)) > 0.9 * width
    label = browser.evaluate("document.querySelector('#course .plot svg').ariaLabel")
    assert label.startswith("Exact averages over sites, t from 0 to 0.700: x from 1.00 to")


def test_models_of_other_kinds_are_turned_to_and_back(browser, stub):
    start(browser, stub, "model=ising&n=3&steps=5")
    for model, title, kept in (
        ("psi/1", "Ground state", {"samples": "1024", "seed": "0", "site": "1"}),
        ("open/1", "Open system", {"samples": "1024", "seed": "0", "site": "1"}),
        ("ising/2", "Spin dynamics", {"n": "3", "state": "paper", "steps": "5", "step": "5"}),
    ):
        browser.evaluate(change("#model", model))
        name = model.partition("/")[0]
        browser.wait_for(f"{IS_DONE} && location.hash.includes('model={name}&')")
        assert browser.evaluate(text("title")) == title
        now = address(browser)
        assert {key: now[key] for key in kept} == kept
        shown_for = browser.evaluate("""[...document.querySelectorAll('main [data-for]')]
            .filter((each) => each.checkVisibility()).map((each) => each.dataset.for)""")
        kind = {"psi": "ground_state", "open": "open_system", "ising": "dynamics"}[name]
        assert len(shown_for) >= 2
        assert all(kind in kinds.split() for kinds in shown_for)
    assert browser.complaints() == []


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("samples=9&n=3", "n = 3"),
        ("samples=9&site=7", "site = 7"),
        ("samples=9&state=up", "state = up"),
        ("samples=9&seed=-1", "seed = -1"),
    ],
)
def test_what_a_link_says_in_vain_is_told(browser, stub, link, told):
    start(browser, stub, f"model=psi&{link}")
    expected = f"Not taken from the link: {told}. 9 samples"
    assert browser.evaluate(text("status")).startswith(expected)


@pytest.mark.parametrize(
    ("field", "new", "error"),
    [
        ("#n_samples", 1, "The number of samples must be an integer from 2 to 16384, but is 1."),
        ("#sample_seed", 2**21, "The seed must be an integer from 0 to 1048576, but is 2097152."),
    ],
)
def test_what_cannot_be_asked_is_not_sent(browser, stub, field, new, error):
    start(browser, stub, "model=psi&samples=20")
    stub.requests.clear()
    browser.evaluate(change(field, new))
    browser.wait_for("!document.getElementById('error').hidden")
    assert browser.evaluate(text("error")) == error
    assert stub.requests == []


def test_lines_of_python_give_what_is_shown(browser, stub):
    for model, name in (("psi", "energy"), ("open", "zz")):
        start(browser, stub, f"model={model}&samples=64&seed=7")
        names = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(browser.evaluate(text("python")), names)
        mean = getattr(names["found"], name)
        assert shown(browser, name) == pytest.approx(mean.value, rel=1e-5)
        assert names["drawn"].values.shape[0] == 64


@pytest.mark.parametrize("model", ["psi", "open", "rest"])
@pytest.mark.parametrize("width", [320, 700, 1600])
def test_nothing_is_wider_than_the_window(browser, stub, model, width):
    browser.resize(width, 800)
    start(browser, stub, f"model={model}&samples=100")
    browser.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, there = browser.evaluate(wide)
    assert needed <= there
    assert browser.evaluate("document.querySelector('#site_means .plot svg').clientWidth") > 200


def test_every_control_has_a_name(browser, stub):
    for model in ("psi", "open"):
        start(browser, stub, f"model={model}&samples=10")
        assert browser.unnamed_controls() == []


def test_page_is_worked_by_the_keyboard_alone(browser, stub):
    start(browser, stub, "model=psi&samples=20")
    reached = []
    browser.evaluate("document.getElementById('model').focus()")
    for _ in range(12):
        browser.press("Tab", 9)
        reached.append(browser.evaluate("document.activeElement.id"))
    for control in ("n_samples", "sample_seed", "new_sample_seed", "ask", "site"):
        assert control in reached, control
    browser.evaluate("document.getElementById('n_samples').select()")
    for digit in "31":
        browser.type(digit)
    browser.press("Enter", 13)
    browser.wait_for(f"{IS_DONE} && location.hash.includes('samples=31')")
    browser.evaluate("document.getElementById('site').focus()")
    browser.press("ArrowUp", 38)
    browser.wait_for("location.hash.includes('site=2')")
    browser.evaluate("document.getElementById('model').focus()")
    browser.press("ArrowDown", 40)
    browser.wait_for(f"{IS_DONE} && location.hash.includes('model=rest')")
    assert browser.complaints() == []


def test_exact_values_that_are_not_there_are_told(browser):
    hamiltonian = {**GROUND_STATE["physics"]["hamiltonian"], "n_columns": 7}
    large = {**GROUND_STATE, "physics": {"hamiltonian": hamiltonian}}
    unknown = {**OPEN_SYSTEM, "start": "/runs/first"}
    kept = {**AT_REST, "physics": {**AT_REST["physics"], "jumps": {"decay": 0.0}}}
    served = [
        ServedModel("psi", 1, large),
        ServedModel("open", 1, unknown),
        ServedModel("rest", 1, kept),
    ]
    server = StubServer(served=served)
    told = {
        "psi": "Exact values are there for up to 12 spins.",
        "open": "There are no exact values, because the start was no product of spins.",
        "rest": "There are no exact values of this model: More than one state stays as it is.",
    }
    try:
        for model, sentence in told.items():
            start(browser, server, f"model={model}&samples=10")
            assert browser.evaluate(text("about_exact")) == sentence
            assert browser.evaluate(text("error")) == ""
            row = "energy" if model == "psi" else "x"
            cell = f"document.querySelector('#measured [data-name={row}] [data-column=exact]')"
            assert browser.evaluate(f"{cell}.textContent") == "–"
    finally:
        server.close()


def test_server_that_answers_too_few_samples_is_named(browser):
    server = StubServer(served=EVERY_KIND)
    try:
        model = server.sampled["psi"]
        whole = model.sample
        model.sample = lambda seeds: whole(seeds[1:])
        start(browser, server, "model=psi&samples=10")
        expected = "The model did not answer with as many samples as were asked for."
        assert browser.evaluate(text("error")) == expected
    finally:
        server.close()
