"""The page in a real browser, against a server whose prediction errors are known."""

import json
from urllib.parse import parse_qsl

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import (
    correlation,
    custom,
    energy,
    entanglement_entropy,
    fidelity,
    from_config,
    magnetization,
    printed_state,
)
from serving.page import ServedModel
from tests.serving.page.acting import IS_DONE, address, change, start, text, value
from tests.serving.page.stub_server import (
    BROKEN_STEPS,
    CONFIG,
    DT,
    ISING,
    REFUSED_STEPS,
    StubServer,
    predicted_states,
)


def expected_states(n_sites, n_steps):
    """Exact and predicted states, without the package's own evolution or metrics."""
    psi0 = printed_state(n_sites).astype(np.complex64)
    matrix = from_config({**ISING, "n_sites": n_sites}).to_dense()
    start = psi0.astype(complex) / np.linalg.norm(psi0.astype(complex))
    exact = np.array([expm(-1j * DT * k * matrix) @ start for k in range(n_steps + 1)])
    return exact, predicted_states(psi0.astype(complex), n_steps).astype(complex)


def relative_entropies(exact, predicted):
    p, q = (np.abs(psi) / np.abs(psi).sum(axis=1, keepdims=True) for psi in (exact, predicted))
    return (p * np.log(p / q)).sum(axis=1)


def test_shown_errors_are_those_of_the_prediction(browser, stub):
    start(browser, stub, "n=3&steps=40&step=25")
    exact, predicted = expected_states(3, 40)
    entropies = relative_entropies(exact, predicted)
    overlaps = np.abs(np.einsum("tx,tx->t", exact.conj(), predicted)) ** 2
    norms = np.linalg.norm(predicted, axis=1)
    infidelities = 1 - overlaps / norms**2
    expected = {
        "relative_entropy": entropies,
        "infidelity": infidelities,
        "norm_error": abs(norms - 1),
    }
    for name, values in expected.items():
        assert browser.evaluate(value("errors", name, "now")) == pytest.approx(values[25], rel=1e-4)
        assert browser.evaluate(value("errors", name, "end")) == pytest.approx(values[40], rel=1e-4)
        mean = values[1:].mean()
        assert browser.evaluate(value("errors", name, "mean")) == pytest.approx(mean, rel=1e-4)
    shown = browser.evaluate(
        "document.querySelector('[data-name=relative_entropy] [data-column=end]').textContent"
    )
    mantissa, exponent = f"{entropies[40]:.2e}".split("e-0")
    assert shown == f"{mantissa}·10⁻{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(exponent)]}"


def test_shown_values_are_those_of_both_states(browser, stub):
    start(browser, stub, "n=4&steps=30&step=30")
    hamiltonian = from_config({**ISING, "n_sites": 4})
    for column, states in zip(("exact", "predicted"), expected_states(4, 30), strict=True):
        psi = states[30]
        expected = {f"m_{axis}": magnetization(psi, axis) for axis in "xyz"}
        expected |= {"energy": energy(hamiltonian, psi), "norm": np.linalg.norm(psi)}
        for name, number in expected.items():
            found = browser.evaluate(value("values", name, column))
            assert found == pytest.approx(float(number), abs=1e-6), (column, name)


def test_everything_is_drawn_without_a_request_to_another_origin(browser, stub):
    start(browser, stub, "n=2&steps=20")
    for figure in ("magnetization", "error_plot", "energy", "norm"):
        length = f"document.querySelector('#{figure} .plot .curve').getTotalLength()"
        assert browser.evaluate(length) > 100, figure
    assert browser.evaluate("document.querySelectorAll('#amplitudes .plot .bar.exact').length") == 4
    assert browser.evaluate("document.querySelectorAll('#magnetization .plot .mark').length") > 20
    assert browser.complaints() == []
    requested = browser.requested()
    assert f"{stub.url}v1/models/ising:predict" in requested
    assert all(url.startswith(stub.url) for url in requested)
    assert ("POST", "/page/exact") in stub.requests


def test_policy_stops_what_would_leave_the_origin(browser, stub):
    start(browser, stub, "n=2&steps=5")
    blocked = browser.evaluate("""(() => {
        window.violations = [];
        document.addEventListener('securitypolicyviolation', (e) => violations.push(e.blockedURI));
        const image = new Image();
        image.src = 'http://localhost:9/leak.png';
        const script = document.createElement('script');
        script.textContent = 'window.inlineRan = true';
        document.body.append(script);
        fetch('http://localhost:9/leak').catch(() => {});
    })()""")
    assert blocked is None
    browser.wait_for("violations.length === 3")
    assert browser.evaluate("window.inlineRan") is None
    assert set(browser.evaluate("violations")) == {
        "http://localhost:9/leak.png",
        "http://localhost:9/leak",
        "inline",
    }


def test_every_model_state_and_size_gives_a_result(browser, stub):
    start(browser, stub, "n=2&steps=3")
    for n_sites in (2, 7):
        browser.evaluate(change(f"#n_sites input[value='{n_sites}']", n_sites))
        options = "[...document.getElementById('state').options].map((o) => o.value)"
        for state in browser.evaluate(options):
            browser.evaluate(change("#state", state))
            browser.wait_for(f"{IS_DONE} && location.hash.includes('n={n_sites}&state={state}&')")
            assert browser.evaluate(text("error")) == ""
            seed_is_hidden = browser.evaluate("document.getElementById('seed_field').hidden")
            assert seed_is_hidden == (state not in ("haar", "random"))


def test_state_that_the_paper_does_not_print_cannot_be_chosen(browser, stub):
    start(browser, stub, "n=8&state=paper&steps=3")
    assert browser.evaluate(text("error")) == ""
    assert address(browser)["state"] == "haar"
    disabled = "[...document.getElementById('state').options].map((o) => o.disabled)"
    assert browser.evaluate(disabled) == [True] + [False] * 9


def test_link_restores_the_page_and_choices_change_the_link(browser, stub):
    link = "model=ising&version=1&n=3&state=haar&seed=7&steps=60&step=11&view=imaginary"
    start(browser, stub, link)
    assert address(browser) == dict(parse_qsl(link))
    assert ("POST", "/v1/models/ising/versions/1:predict") in stub.requests
    assert "at t = 0.022" in browser.evaluate(text("errors"))
    browser.evaluate(change("#seed", 8))
    browser.wait_for("location.hash.includes('seed=8')")
    assert address(browser)["step"] == "11"


def test_last_step_stays_the_last_when_the_number_of_steps_changes(browser, stub):
    start(browser, stub, "n=2&steps=20")
    browser.evaluate(change("#steps", 30))
    browser.wait_for("location.hash.includes('steps=30')")
    assert address(browser)["step"] == "30"


def test_link_to_a_model_that_is_gone_says_so(browser, stub):
    start(browser, stub, "model=ising&version=9&steps=4")
    expected = (
        "The link names ising, version 9, which cannot be explored; this is ising, version 2."
    )
    assert browser.evaluate(text("status")).startswith(expected)


def status(browser, stub, link):
    start(browser, stub, link)
    assert browser.complaints() == []
    return browser.evaluate(text("status")), address(browser)


def test_what_a_link_says_in_vain_is_told(browser, stub):
    shown, now = status(browser, stub, "n=9&state=zzz&steps=-1")
    assert shown.startswith("Not taken from the link: steps = -1, n = 9, state = zzz. 100 steps")
    assert (now["n"], now["state"], now["steps"]) == ("4", "paper", "100")
    # Whoever then chooses has seen it.
    browser.evaluate(change("#steps", 30))
    browser.wait_for("location.hash.includes('steps=30')")
    browser.wait_for("document.getElementById('status').textContent.startsWith('30 steps')")


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("n=2&steps=4&step=9", "step = 9"),
        ("n=2&steps=4&seed=x", "seed = x"),
        ("n=2&steps=4&version=1.5", "version = 1.5"),
        ("n=2&steps=4&view=toString", "view = toString"),
        ("n=2&steps=4&dt=0.1", "dt = 0.1"),
        ("n=&steps=4", "n = "),
        ("n=2e0&steps=4", "n = 2e0"),
        ("n=8&state=paper&steps=4", "state = paper"),
        ("n=2&steps=4&<b>=" + "9" * 99, "<b> = " + "9" * 54),
    ],
)
def test_every_part_of_a_link_that_is_not_taken_is_told(browser, stub, link, told):
    shown, _ = status(browser, stub, link)
    assert shown.startswith(f"Not taken from the link: {told}. 4 steps")


def test_link_that_is_taken_is_told_nothing_of(browser, stub):
    link = "model=ising&version=2&n=3&state=haar&seed=7&steps=60&step=11&view=imaginary"
    shown, _ = status(browser, stub, link)
    assert shown.startswith("60 steps")


def test_keys_move_through_time(browser, stub):
    start(browser, stub, "n=3&steps=40&step=25")
    browser.evaluate("document.getElementById('step').focus()")
    before = browser.evaluate(value("values", "m_x", "exact"))
    browser.press("ArrowLeft", 37)
    browser.wait_for("location.hash.includes('step=24')")
    assert "step 24 of 40" in browser.evaluate(text("time"))
    assert browser.evaluate(value("values", "m_x", "exact")) != before


def test_click_in_a_figure_chooses_the_time(browser, stub):
    start(browser, stub, "n=2&steps=40&step=3")
    image = "document.querySelector('#magnetization .plot svg')"
    browser.evaluate(f"{image}.scrollIntoView()")
    box = browser.evaluate(f"{image}.getBoundingClientRect().toJSON()")
    browser.click(box["right"] - 2, box["top"] + 100)
    browser.wait_for("location.hash.includes('step=40')")
    browser.click(box["left"] + 2, box["top"] + 100)
    browser.wait_for("location.hash.includes('step=0')")


def test_playing_ends_at_the_last_step(browser, stub):
    start(browser, stub, "n=2&steps=5&step=4")
    browser.evaluate("document.getElementById('play').click()")
    assert browser.evaluate("document.getElementById('play').ariaLabel") == "Pause"
    browser.wait_for("location.hash.includes('step=5')")
    assert browser.evaluate("document.getElementById('play').ariaLabel") == "Play"


def test_error_of_the_server_is_one_line_and_goes_away(browser, stub):
    start(browser, stub, f"n=2&steps={REFUSED_STEPS}")
    error = browser.evaluate("document.getElementById('error').innerText")
    assert error == "Input `n_steps` must not be 13, but is 13."
    assert browser.evaluate("document.getElementById('error').role") == "alert"
    browser.evaluate(change("#steps", 14))
    browser.wait_for(f"document.getElementById('error').hidden && {IS_DONE}")


def test_wrong_number_of_steps_is_not_sent(browser, stub):
    start(browser, stub, "n=2&steps=1001")
    error = "The number of steps must be an integer from 1 to 1000, but is 1001."
    assert browser.evaluate(text("error")) == error
    assert not any(path.endswith(":predict") for _, path in stub.requests)


def test_prediction_that_is_no_number_leaves_a_gap(browser, stub):
    start(browser, stub, f"n=2&steps={BROKEN_STEPS}")
    assert browser.evaluate(text("error")) == ""
    shown = "document.querySelector('[data-name=infidelity] [data-column=end]').textContent"
    assert browser.evaluate(shown) == "–"
    shown = "document.querySelector('#values [data-name=norm] [data-column=predicted]').textContent"
    assert browser.evaluate(shown) == "–"
    assert browser.evaluate(value("values", "norm", "exact")) == 1
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [320, 400, 1000, 1600])
def test_nothing_is_wider_than_the_window(browser, stub, width):
    browser.resize(width, 800)
    start(browser, stub, "n=7&steps=20&state=haar&seed=1")
    browser.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, there = browser.evaluate(wide)
    assert needed <= there
    assert browser.evaluate("document.querySelector('#norm .plot svg').clientWidth") > 200


def test_every_control_has_a_name(browser, stub):
    start(browser, stub, "n=2&steps=5&state=haar")
    assert browser.unnamed_controls() == []


def test_measures_of_the_page_agree_for_strings_with_y(browser, stub):
    """The page's own arithmetic, on a Hamiltonian that no other test has."""
    start(browser, stub, "n=2&steps=5")
    rng = np.random.default_rng(0)
    exact, predicted = rng.normal(size=(2, 3, 8)) + 1j * rng.normal(size=(2, 3, 8))
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    terms = [(0.7, (0, 2), "YX"), (-0.4, (1,), "Y"), (1.1, (0, 1, 2), "YYZ"), (0.2, (), "")]
    terms += [(0.3, (0, 1, 2), "YYY")]
    hamiltonian = custom(3, terms)
    given = {
        "times": [0, 1, 2],
        "psi_re": exact.real.tolist(),
        "psi_im": exact.imag.tolist(),
        "energy": energy(hamiltonian, exact).tolist(),
        "terms": [term.to_dict() for term in hamiltonian.terms],
        "bonds": [[0, 1], [0, 2]],
        **{f"magnetization_{axis}": magnetization(exact, axis).tolist() for axis in "xyz"},
    }
    psi = {"re": predicted.real.tolist(), "im": predicted.imag.tolist()}
    browser.evaluate(f"""import('/page/physics.js').then(({{ compare }}) => {{
        window.compared = compare({json.dumps(psi)}, {json.dumps(given)});
    }}), null""")
    browser.wait_for("window.compared")
    found = browser.evaluate("compared.predicted")
    np.testing.assert_allclose(found["energy"], energy(hamiltonian, predicted), rtol=1e-12)
    for axis in "xyz":
        expected = magnetization(predicted, axis)
        np.testing.assert_allclose(found["magnetization"][axis], expected, rtol=1e-12)
        pairs = [correlation(predicted, *bond, 2 * axis) for bond in ((0, 1), (0, 2))]
        np.testing.assert_allclose(found["correlation"][axis], np.mean(pairs, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["entropy"], entanglement_entropy(predicted, 1), rtol=1e-12)
    errors = browser.evaluate("compared.errors")
    np.testing.assert_allclose(errors["infidelity"], 1 - fidelity(exact, predicted), rtol=1e-12)
    entropies = relative_entropies(exact, predicted)
    np.testing.assert_allclose(errors["relative_entropy"], entropies, rtol=1e-12)


def test_numbers_and_ticks_are_readable(browser, stub):
    start(browser, stub, "n=2&steps=5")
    browser.evaluate("import('/page/numbers.js').then((m) => (window.numbers = m)), null")
    browser.wait_for("window.numbers")
    found = browser.evaluate("[0, -0.25, 0.00123, 123456, NaN].map((x) => numbers.number(x))")
    assert found == ["0", "−0.250", "1.23·10⁻³", "1.23·10⁵", "–"]
    found = browser.evaluate("[-0.00001, -0.25, 1, NaN].map((x) => numbers.decimal(x))")
    assert found == ["0.0000", "−0.2500", "1.0000", "–"]
    ticks = "(([low, high]) => (({values, label, factor}) => [...values.map(label), factor])"
    ticks += "(numbers.linearTicks(low, high, 4)))"
    assert browser.evaluate(f"{ticks}([-0.3, 1.01])") == ["0.0", "0.5", "1.0", ""]
    assert browser.evaluate(f"{ticks}([-0.0012, 0.0011])") == [
        "−1.0",
        "−0.5",
        "0.0",
        "0.5",
        "1.0",
        "×10⁻³",
    ]
    assert browser.evaluate(f"{ticks}([0, 40000])") == ["0", "1", "2", "3", "4", "×10⁴"]
    logarithmic = "numbers.logTicks(1e-9, 1, 5)"
    labels = browser.evaluate(f"{logarithmic}.values.map({logarithmic}.label)")
    assert labels == ["10⁰", "10⁻²", "10⁻⁴", "10⁻⁶", "10⁻⁸"]


def test_server_without_a_model_to_explore_says_why(browser):
    empty = StubServer(served=[])
    try:
        browser.open(empty.url)
        browser.wait_for("document.getElementById('error').hidden === false")
        assert browser.evaluate(text("error")) == "The server serves no model at this moment."
    finally:
        empty.close()


def test_form_is_not_offered_where_it_could_do_nothing(browser):
    driven = ServedModel("driven", 1, {**CONFIG, "physics": {"dt": DT, "drive": [{}]}})
    outcomes = ServedModel("open", 3, {**CONFIG, "measurement": "all"})
    server = StubServer(served=[driven, outcomes])
    try:
        browser.open(server.url)
        browser.wait_for("document.getElementById('error').hidden === false")
        error = browser.evaluate(text("error"))
        for reason in (
            "driven, version 1: The model is of a driven system; this page shows constant ones.",
            "open, version 3: Key `measurement` must be one of tetrahedral, four_pauli, but is",
        ):
            assert reason in error
        seen = "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility())"
        assert browser.evaluate(f"{seen}.filter((e) => e.matches('button, input, a')).length") == 0
        browser.press("Enter", 13)
        assert browser.complaints() == []
        assert not any(method == "POST" for method, _ in server.requests)
    finally:
        server.close()


def test_form_is_offered_with_a_model_to_explore(browser, stub):
    start(browser, stub, "n=2&steps=3")
    for element in ("controls", "facts"):
        assert browser.evaluate(f"document.getElementById('{element}').checkVisibility()")


def test_server_that_is_gone_is_named(browser):
    server = StubServer()
    start(browser, server, "n=2&steps=5")
    server.close()
    browser.evaluate(change("#steps", 6))
    browser.wait_for("document.getElementById('error').hidden === false")
    expected = "The server does not answer. Is it still running?"
    assert browser.evaluate(text("error")) == expected
    assert "last result" in browser.evaluate(text("status"))
