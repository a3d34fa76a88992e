"""Own initial states, entanglement, downloads and lines of programs, on the page in a browser."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from qtf.physics import (
    correlation,
    energy,
    entanglement_entropy,
    from_config,
    magnetization,
    point_spins,
)
from serving.page import ServedModel
from tests.serving.page.acting import IS_DONE, address, change, start, text, value
from tests.serving.page.stub_server import CONFIG, ISING, StubServer, predicted_states

KEEP_FILES = """(() => {
    window.saved = [];
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
        const reader = new FileReader();
        reader.onload = () => saved.push(reader.result.split(',')[1]);
        reader.readAsDataURL(blob);
        return make.call(URL, blob);
    };
})()"""


def shown_state(browser):
    """Returns the initial state that the page has sent, from its line for a shell."""
    body = browser.evaluate(text("curl")).partition("curl -d '")[2].partition("' \\")[0]
    inputs = json.loads(body)["inputs"]
    return np.array(inputs["psi0_re"][0]) + 1j * np.array(inputs["psi0_im"][0])


def product(angles):
    psi = np.ones(1)
    for spin in point_spins(np.radians(angles)):
        psi = np.kron(psi, spin)
    return psi


def test_spins_point_along_the_bloch_angles(browser, stub):
    angles = [(30.0, 40.0), (120.0, -70.0), (90.0, 180.0)]
    link = ";".join(f"{theta:g},{phi:g}" for theta, phi in angles)
    start(browser, stub, f"n=3&state=bloch&steps=5&angles={link}")
    assert browser.evaluate(text("error")) == ""
    np.testing.assert_allclose(shown_state(browser), product(angles), atol=1e-12)
    for axis in "xyz":
        expected = magnetization(product(angles), axis)
        browser.evaluate(change("#step", 0))
        found = browser.evaluate(value("values", f"m_{axis}", "exact"))
        assert found == pytest.approx(float(expected), abs=1e-6)
    assert address(browser)["angles"] == link
    browser.evaluate(change("#angles input", 0))
    browser.wait_for(f"{IS_DONE} && location.hash.includes('angles=0%2C40')")
    expected = product([(0.0, 40.0), *angles[1:]])
    np.testing.assert_allclose(shown_state(browser), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("1 0 0 0 0 0 0 1", [1, 0, 0, 0, 0, 0, 0, 1]),
        ("0.5, -0.5i, 0.3+0.4j, 1e-1 - 0", None),
        ("[0.5, -0.5i, 0.3+0.4j, 1e-1]", [0.5, -0.5j, 0.3 + 0.4j, 0.1]),
        ("(0.5+0.j)\n(0-.5j)\nj\n-i", [0.5, -0.5j, 1j, -1j]),
        ("1e2 2E+1 3.0e-1*i 0", [100, 20, 0.3j, 0]),
    ],
)
def test_pasted_amplitudes_are_the_state(browser, stub, pasted, expected):
    start(browser, stub, "n=2&state=amplitudes&steps=5")
    browser.evaluate(change("#own_amplitudes", pasted))
    if expected is None:
        browser.wait_for("!document.getElementById('error').hidden")
        assert "must be 2ⁿ = 4 numbers for n = 2, but are 6." in browser.evaluate(text("error"))
        return
    n_sites = len(expected).bit_length() - 1
    browser.wait_for(f"{IS_DONE} && location.hash.includes('n={n_sites}&')")
    psi = np.array(expected) / np.linalg.norm(expected)
    browser.wait_for("document.getElementById('error').hidden")
    np.testing.assert_allclose(shown_state(browser), psi, atol=1e-12)
    assert address(browser)["amplitudes"] == pasted
    norm = browser.evaluate(text("amplitudes_hint"))
    assert norm == f"Of norm {np.linalg.norm(expected):#.6g}, divided by it."


def test_link_with_amplitudes_shows_the_same_state(browser, stub):
    start(browser, stub, "n=2&state=amplitudes&steps=5&amplitudes=1+0+2i+-0.5%2B1i")
    psi = np.array([1, 0, 2j, -0.5 + 1j])
    np.testing.assert_allclose(shown_state(browser), psi / np.linalg.norm(psi), atol=1e-12)


@pytest.mark.parametrize(
    ("pasted", "error"),
    [
        ("1 0 0", "The amplitudes must be 2ⁿ = 4 numbers for n = 2, but are 3."),
        ("1 0 0 up", "The amplitudes must be numbers such as 0.5 or 0.3+0.4i, but one is up."),
        ("1 0 0 0.30.4i", "The amplitudes must be numbers such as 0.5 or 0.3+0.4i, but one is 0.3"),
        ("0 0 0 0", "The amplitudes must not all be 0, but have the norm 0."),
        # 2 ** 5 numbers, for which there is no model.
        ("1 " * 32, "The amplitudes must be 2ⁿ = 4 numbers for n = 2, but are 32."),
    ],
)
def test_amplitudes_that_are_no_state_are_told(browser, stub, pasted, error):
    start(browser, stub, "n=2&state=amplitudes&steps=5")
    stub.requests.clear()
    browser.evaluate(change("#own_amplitudes", pasted))
    browser.wait_for("!document.getElementById('error').hidden")
    assert browser.evaluate(text("error")).startswith(error)
    assert browser.evaluate("document.getElementById('own_amplitudes').value") == pasted
    assert stub.requests == []


@pytest.mark.parametrize(
    ("angles", "told"), [("1,2", "1,2"), ("1,2;3", "1,2;3"), ("1,2;3,x", "1,2;3,x")]
)
def test_angles_of_a_link_that_are_none_are_told(browser, stub, angles, told):
    start(browser, stub, f"n=2&state=bloch&steps=4&angles={angles}")
    shown = browser.evaluate(text("status"))
    assert shown.startswith(f"Not taken from the link: angles = {told}. 4 steps")


def test_empty_angle_is_told(browser, stub):
    start(browser, stub, "n=2&state=bloch&steps=4")
    browser.evaluate(change("#angles div:nth-child(2) input", ""))
    browser.wait_for("!document.getElementById('error').hidden")
    expected = "The Bloch angles must be numbers, but those of spin 2 are not."
    assert browser.evaluate(text("error")) == expected


def test_amplitudes_begin_with_the_state_that_was_shown(browser, stub):
    start(browser, stub, "n=2&state=haar&seed=4&steps=3")
    before = shown_state(browser)
    browser.evaluate(change("#state", "amplitudes"))
    browser.wait_for("location.hash.includes('state=amplitudes')")
    np.testing.assert_allclose(shown_state(browser), before, atol=1e-7)
    browser.evaluate(change("#n_sites input[value='3']", 3))
    browser.wait_for(f"{IS_DONE} && location.hash.includes('n=3')")
    assert shown_state(browser).tolist() == [1, *[0] * 7]


def test_entropy_and_correlations_are_those_of_both_states(browser, stub):
    start(browser, stub, "n=7&state=haar&seed=2&steps=20&step=20")
    psi = predicted_states(shown_state(browser), 20)[20]
    entropy = float(entanglement_entropy(psi.astype(complex), 3))
    assert browser.evaluate(value("values", "entropy", "predicted")) == pytest.approx(entropy)
    for axis in "xyz":
        pairs = [float(correlation(psi, k, k + 1, 2 * axis)) for k in range(6)]
        found = browser.evaluate(value("values", f"c_{axis}", "predicted"))
        assert found == pytest.approx(np.mean(pairs), abs=1e-6)
    for figure in ("entropy", "correlations"):
        length = f"document.querySelector('#{figure} .plot .curve').getTotalLength()"
        assert browser.evaluate(length) > 100


def test_entropies_of_products_and_of_bell_pairs(browser, stub):
    start(browser, stub, "n=2&state=neel&steps=3&step=0")
    assert browser.evaluate(value("values", "entropy", "exact")) == pytest.approx(0, abs=1e-12)
    start(browser, stub, "n=2&state=amplitudes&steps=3&step=0&amplitudes=0+1+-1+0")
    assert browser.evaluate(value("values", "entropy", "exact")) == pytest.approx(np.log(2))


def saved(browser, button):
    browser.evaluate(KEEP_FILES)
    browser.evaluate(f"document.getElementById('{button}').click()")
    browser.wait_for("saved.length")
    return base64.b64decode(browser.evaluate("saved[0]"))


def test_csv_has_every_number_over_time(browser, stub):
    start(browser, stub, "n=3&state=haar&seed=1&steps=12")
    rows = list(csv.DictReader(io.StringIO(saved(browser, "csv").decode())))
    psi = predicted_states(shown_state(browser), 12)
    assert len(rows) == 13
    course = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    np.testing.assert_allclose(course["times"], 0.002 * np.arange(13))
    hamiltonian = from_config({**ISING, "n_sites": 3})
    np.testing.assert_allclose(course["energy"], energy(hamiltonian, psi), atol=1e-5)
    np.testing.assert_allclose(course["norm"], np.linalg.norm(psi, axis=1), atol=1e-6)
    np.testing.assert_allclose(course["magnetization_y"], magnetization(psi, "y"), atol=1e-6)
    np.testing.assert_allclose(course["entropy"], entanglement_entropy(psi, 1), atol=1e-6)
    assert {"energy_exact", "correlation_xx", "infidelity", "relative_entropy"} <= set(course)


def test_npz_is_an_archive_of_numpy(browser, stub):
    start(browser, stub, "n=3&state=haar&seed=1&steps=12")
    archive = np.load(io.BytesIO(saved(browser, "npz")))
    psi = predicted_states(shown_state(browser), 12)
    assert archive["psi"].dtype == np.complex64
    assert archive["psi_exact"].dtype == np.complex128
    np.testing.assert_allclose(archive["psi"], psi, atol=1e-7)
    norms = np.linalg.norm(archive["psi_exact"], axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-12)
    np.testing.assert_allclose(archive["times"], 0.002 * np.arange(13))
    assert archive["energy"].shape == (13,)


def test_lines_of_python_and_curl_give_what_is_shown(browser, stub):
    start(browser, stub, "n=2&state=bloch&steps=6&angles=30,40;100,-20")
    archive = np.load(io.BytesIO(saved(browser, "npz")))
    names = {}
    exec(browser.evaluate(text("python")), names)
    np.testing.assert_allclose(names["psi"], archive["psi"], atol=1e-7)
    np.testing.assert_allclose(names["values"].norm, archive["norm"], atol=1e-6)
    if shutil.which("curl") is None:
        pytest.skip("No curl on PATH.")
    line = browser.evaluate(text("curl")).replace("curl", "curl --silent --noproxy '*'", 1)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
    outputs = json.loads(done.stdout)["outputs"]
    np.testing.assert_allclose(outputs["psi_re"][0][:7], archive["psi"].real, atol=1e-7)


def test_name_of_the_model_cannot_leave_the_line_of_the_shell(browser):
    server = StubServer(served=[ServedModel("it's $(x)", 1, CONFIG)])
    try:
        start(browser, server, "n=2&steps=3")
        line = browser.evaluate(text("curl"))
        assert line.count("'") == 4
        assert "it%27s%20%24(x)" in line
        assert """model="it's $(x)")""" in browser.evaluate(text("python"))
    finally:
        server.close()


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("n=2&steps=40", "after 40 steps; in validation it was 2.00·10⁻⁵ after 40 steps, on av"),
        ("n=2&steps=80", "after 40 steps; in validation it was 2.00·10⁻⁵ after 40 steps, on av"),
        ("n=2&steps=7", "after 7 steps; in validation it was 2.00·10⁻⁵ after 40 steps, on aver"),
        (
            "n=3&steps=7",
            "after 7 steps. The model does not tell its error in validation for n\u00a0=\u00a03",
        ),
    ],
)
def test_error_seen_stands_beside_that_of_validation(browser, link, told):
    record = {"n_steps": 40, "relative_entropy": {"2": 2e-5}}
    server = StubServer(served=[ServedModel("m", 1, {**CONFIG, "serving": {"validation": record}})])
    try:
        start(browser, server, link)
        sentence = browser.evaluate(text("trust"))
        assert told in sentence
        assert ("grow with the number of steps" in sentence) == (link == "n=2&steps=7")
        step = int(re.search(r"after (\d+) steps", sentence)[1])
        browser.evaluate(change("#step", step))
        seen = browser.evaluate(
            "document.querySelector('[data-name=relative_entropy] [data-column=now]').textContent"
        )
        assert f"a relative entropy of {seen} after" in sentence
    finally:
        server.close()


def test_page_is_worked_by_the_keyboard_alone(browser, stub):
    start(browser, stub, "n=2&steps=5&state=haar")
    reached = []
    browser.evaluate("document.body.focus()")
    for _ in range(40):
        browser.press("Tab", 9)
        focused = browser.evaluate("document.activeElement.id || document.activeElement.tagName")
        if focused in reached and focused in ("model", "BODY"):
            break
        reached.append(focused)
    for control in ("model", "state", "seed", "new_seed", "steps", "ask", "play", "step", "csv"):
        assert control in reached, control
    browser.evaluate("document.getElementById('steps').focus()")
    browser.evaluate("document.getElementById('steps').select()")
    for digit in "17":
        browser.type(digit)
    browser.press("Enter", 13)
    browser.wait_for("location.hash.includes('steps=17')")
    browser.evaluate("document.querySelector('#n_sites input:checked').focus()")
    browser.press("ArrowRight", 39)
    browser.wait_for("location.hash.includes('n=3&')")
    browser.evaluate("document.querySelector('#program summary').focus()")
    browser.press("Enter", 13)
    browser.wait_for("document.getElementById('program').open")
