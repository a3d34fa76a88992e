"""`qtf-predict` as a user runs it, and the parts that it is made of."""

import io
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from qtf.physics import Chain, energy, evolve, fidelity, ising, magnetization, printed_state
from qtf.physics import sample_initial_states as sample
from serving.client import Observables
from serving.prediction.exact import PAPER_DT, Physics, compare_with_exact
from serving.prediction.figure import FORMATS, _figure, picture
from serving.prediction.initial_state import initial_state
from serving.prediction.report import Prediction, archive, as_json, table
from serving.status import Code
from tests import preloaded
from tests.figure_checks import check_texts
from tests.serving.client.fakes import VERSION, FakeModel, Refusal, rest_server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server():
    model = FakeModel()
    with rest_server(model) as address:
        yield address, model


@pytest.fixture
def predict(server, tmp_path):
    def run(*flags, address=server[0]):
        command = [sys.executable, "-m", "serving.predict", f"--address={address}", *flags]
        return preloaded.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    server[1].faults.clear()
    return run


def _one_line(done, *parts, code=1):
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("qtf-predict: error: ")
    assert all(part in line for part in parts), line


def _exact(psi0, n_steps):
    n_sites = len(psi0).bit_length() - 1
    return evolve(ising(Chain(n_sites)), psi0, PAPER_DT * np.arange(n_steps + 1))


def _prediction(*, exact=False, n_steps=30, text="paper:3"):
    psi = _exact(initial_state(text), n_steps) * np.exp(0.01j)
    hamiltonian = ising(Chain(psi.shape[-1].bit_length() - 1))
    observables = Observables(
        norm=np.linalg.norm(psi, axis=-1).astype(np.float32),
        energy=energy(hamiltonian, psi).astype(np.float32),
        **{f"magnetization_{a}": magnetization(psi, a).astype(np.float32) for a in "xyz"},
        version=4,
    )
    psi = psi.astype(np.complex64)
    comparison = compare_with_exact(psi, Physics()) if exact else None
    return Prediction("ising", 4, text, PAPER_DT, observables, psi, comparison)


@pytest.mark.parametrize(
    ("text", "amplitudes"),
    [
        ("up:2", [1, 0, 0, 0]),
        ("down:2", [0, 0, 0, 1]),
        ("neel:2", [0, 1, 0, 0]),
        ("neel:3", [0, 0, 1, 0, 0, 0, 0, 0]),
        ("plus:2", [0.5, 0.5, 0.5, 0.5]),
        ("paper:3", printed_state(3)),
        ("haar:3:5", sample("haar", 3, 1, seed=5)[0]),
        ("haar:3", sample("haar", 3, 1, seed=0)[0]),
        ("random:4:1", sample("paper", 4, 1, seed=1)[0]),
    ],
)
def test_states_by_name(text, amplitudes):
    found = initial_state(text)
    assert found.dtype == np.complex128
    np.testing.assert_array_equal(found, amplitudes)


def test_state_from_a_file(tmp_path):
    np.save(tmp_path / "a.npy", np.array([0, 1j], np.complex64))
    np.testing.assert_array_equal(initial_state(str(tmp_path / "a.npy")), [0, 1j])


@pytest.mark.parametrize(
    "text",
    ["", "up", "up:", "up:x", "up:-1", "up:2:3", "paper:2:1", "haar:2:3:4", "left:2", "up:²"],
)
def test_states_of_another_form_are_refused(text):
    with pytest.raises(ValueError, match=r"Argument `state` must be paper:N, .* but is "):
        initial_state(text)


@pytest.mark.parametrize("text", ["up:0", "plus:25", "haar:99:1"])
def test_states_beyond_the_limits_are_refused(text):
    with pytest.raises(ValueError, match="Argument `state` must have N from 1 to 24, but it is"):
        initial_state(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "must hold one NumPy array"),
        (b"no array", "must hold one NumPy array"),
        (np.ones((2, 2)), r"amplitudes of one state, but holds float64 of shape \(2, 2\)."),
        (np.array(["a", "b"]), "amplitudes of one state, but holds <U1"),
        (np.ones(3), "must be a power of two, but is 3."),
    ],
)
def test_files_without_a_state_are_refused(tmp_path, content, text):
    path = tmp_path / "a.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(ValueError, match=text):
        initial_state(str(path))


def test_physics_comes_from_the_models_configuration(tmp_path):
    path = tmp_path / "config.json"
    hamiltonian = {"name": "heisenberg", "coupling": 2.0}
    path.write_text(json.dumps({"physics": {"dt": 0.1, "hamiltonian": hamiltonian}, "loss": "x"}))
    found = Physics.load(path)
    assert found.dt == 0.1
    assert energy(found.for_sites(2), np.array([1.0, 0, 0, 0])) == pytest.approx(0.5)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"physics": {"dt": "x", "hamiltonian": {}}}'])
def test_other_files_are_no_configuration(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="must be the config.json of an exported model, but is"):
        Physics.load(path)


def test_paper_is_the_default_physics():
    paper = ising(Chain(3), coupling=1.0, transverse_field=-1.05, longitudinal_field=0.5)
    np.testing.assert_array_equal(Physics().for_sites(3).to_dense(), paper.to_dense())


def test_comparison_counts_phase_in_distance_but_not_in_infidelity():
    psi0 = printed_state(3)
    predicted = _exact(psi0, 4)
    predicted[1:] *= np.exp(0.3j)
    found = compare_with_exact(predicted, Physics())
    np.testing.assert_allclose(found.infidelity, 0, atol=1e-12)
    np.testing.assert_allclose(found.distance[1:], 2 * np.sin(0.15), rtol=1e-9)
    assert found.distance[0] < 1e-12


def test_comparison_starts_from_the_rounded_state():
    predicted = _exact(printed_state(4), 3).astype(np.complex64)
    found = compare_with_exact(predicted, Physics())
    assert found.psi.dtype == np.complex128
    np.testing.assert_allclose(np.linalg.norm(found.psi, axis=-1), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.infidelity, 1 - fidelity(found.psi, predicted), atol=1e-12)
    assert found.distance[0] < 1e-7


def test_table_shows_about_ten_steps_or_all():
    prediction = _prediction(exact=True)
    lines = table(prediction).splitlines()
    assert lines[0].startswith("model ising, version 4, state paper:3, 30 steps of 0.002")
    assert lines[1].split() == (
        "step time norm energy x y z infidelity distance".split()  # noqa: SIM905
    )
    assert [line.split()[0] for line in lines[2:]] == [str(k) for k in range(0, 31, 3)]
    row = lines[3].split()
    assert row[:3] == ["3", "0.006", "1.000000"]
    assert float(row[4]) == pytest.approx(prediction.observables.magnetization_x[3], abs=1e-6)
    assert len({len(line) for line in lines[1:]}) == 1
    assert len(table(prediction, every_step=True).splitlines()) == 2 + 31


def test_json_holds_every_step_and_no_token_of_its_own():
    prediction = _prediction()
    prediction.observables.norm[2] = np.nan
    found = json.loads(as_json(prediction), parse_constant=pytest.fail)
    assert found["norm"][1:4] == [pytest.approx(1), None, pytest.approx(1)]
    assert found["times"][:3] == [0.0, 0.002, 0.004]
    assert (found["dt"], found["n_steps"], found["version"]) == (0.002, 30, 4)
    np.testing.assert_array_equal(np.float32(found["energy"]), prediction.observables.energy)
    assert "infidelity" not in found


def test_archive_holds_states_and_numbers():
    prediction = _prediction(exact=True)
    found = np.load(io.BytesIO(archive(prediction)))
    np.testing.assert_array_equal(found["psi"], prediction.psi)
    np.testing.assert_array_equal(found["psi_exact"], prediction.exact.psi)
    np.testing.assert_array_equal(found["magnetization_z"], prediction.observables.magnetization_z)
    assert (str(found["model"]), int(found["version"]), str(found["state"])) == (
        *("ising", 4),
        "paper:3",
    )


@pytest.mark.parametrize("exact", [False, True])
def test_picture_is_drawn(exact):
    image = matplotlib.image.imread(io.BytesIO(picture(_prediction(exact=exact), "png")))
    assert image.shape[1] == 900
    assert image.shape[0] == (1056 if exact else 792)
    # The colours of the three magnetisations are there.
    pixels = {tuple(pixel) for pixel in (image[..., :3].reshape(-1, 3) * 255).round().astype(int)}
    assert {(0, 114, 178), (213, 94, 0), (0, 158, 115)} <= pixels


@pytest.mark.parametrize("exact", [False, True])
def test_no_texts_of_the_picture_overlap(exact):
    check_texts(_figure(_prediction(exact=exact, text="paper:5")))


@pytest.mark.parametrize(
    ("form", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")]
)
def test_picture_has_the_format_asked_for(form, start):
    assert form in FORMATS
    content = picture(_prediction(n_steps=2, text="up:7"), form)
    assert content.startswith(start)
    if form == "svg":
        assert b"0001000" in content


def test_command_prints_a_table(predict):
    done = predict("--state=neel:3", "--n_steps=4")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"model ising, version {VERSION}, state neel:3, 4 steps of 0.002")
    assert len(lines) == 7
    psi = _exact(initial_state("neel:3"), 4)
    assert float(lines[-1].split()[6]) == pytest.approx(magnetization(psi, "z")[4], abs=1e-6)
    assert done.stderr == "qtf-predict: the time step is the paper's, as no --config is given.\n"


def test_command_needs_no_trajectory_for_the_table(predict, server):
    before = len(server[1].seen)
    predict("--state=up:2", "--n_steps=2", "--observables")
    assert [seen.signature for seen in server[1].seen[before:]] == ["", "observables"]


def test_command_writes_whatever_is_asked_for(predict, server, tmp_path):
    before = len(server[1].seen)
    done = predict(
        *("--state=haar:3:7", "--n_steps=5", "--exact", "--json"),
        *("--output=a.npz", "--plot=b.svg", "--label=stable"),
    )
    assert done.returncode == 0, done.stderr
    assert max(json.loads(done.stdout)["infidelity"]) < 1e-6
    np.testing.assert_allclose(np.load(tmp_path / "a.npz")["psi"][0], initial_state("haar:3:7"))
    assert (tmp_path / "b.svg").read_bytes().startswith(b"<?xml")
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.svg"}
    first, *others = server[1].seen[before:]
    assert (first.method, first.label) == ("metadata", "stable")
    # One version answers everything, even if another becomes the newest meanwhile.
    assert [seen.version for seen in others] == [VERSION, VERSION]
    assert "time step and Hamiltonian are the paper's" in done.stderr


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--state=x"], ["Argument `state` must be paper:N", "but is 'x'."]),
        (["--state=paper:9"], ["`n_sites` must be an integer from 2 to 7, but is 9"]),
        (["--state=no.npy"], ["There is no file no.npy."]),
        (["--state=up:2", "--plot=a.txt"], ["--plot must end in .png or .pdf or .svg, but is"]),
        (["--state=up:2", "--output=a.npy"], ["--output must end in .npz, but is 'a.npy'."]),
        (["--state=up:2", "--plot=no/a.png"], ["--plot must name a file in an existing folder"]),
        (["--state=up:2", "--config=no.json"], ["There is no file no.json."]),
        (["--state=up:2", "--version=1", "--label=a"], ["`label` must be None when `version`"]),
        (["--state=up:2", "--address=ftp://a"], ["Argument `address` must be host:port"]),
        (["--state=up:2", "--model_name=zz"], ["NOT_FOUND: Servable not found for request"]),
        (["--state=up:2", "--version=3"], ["NOT_FOUND: Servable not found", "Specific(ising, 3)"]),
        (["--state=up:2", "--timeout=-1"], ["Argument `timeout` must be positive and finite"]),
    ],
)
def test_mistakes_are_one_line(predict, flags, parts):
    _one_line(predict(*flags), *parts)


@pytest.mark.parametrize("flags", [[], ["--state=up:2", "--n_steps=0"], ["--state=a", "--no"]])
def test_mistakes_in_flags_are_one_line(predict, flags):
    _one_line(predict(*flags), code=2)


def test_words_that_are_no_flags_are_one_line(predict):
    _one_line(predict("--state=up:2", "out.png"), "Unknown argument `out.png`")


def test_servers_refusal_is_one_line_and_writes_nothing(predict, server, tmp_path):
    def answer(handler):
        handler.reply(404, {"error": "Servable not found"})

    server[1].faults.extend([answer, Refusal(Code.INTERNAL)])
    done = predict("--state=up:2", "--output=a.npz")
    _one_line(done, "NOT_FOUND: Servable not found. Flag --model_name says which model is asked.")
    assert not list(tmp_path.iterdir())


def test_full_disk_is_one_line_and_leaves_nothing(predict, tmp_path):
    (tmp_path / "a.npz").mkdir()
    done = predict("--state=up:2", "--n_steps=1", "--output=a.npz")
    assert done.returncode == 1
    assert "qtf-predict: error: File a.npz cannot be written: Is a directory." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_absent_server_is_one_line_soon(predict):
    start = time.monotonic()
    done = predict("--state=up:2", "--timeout=0.5", address="http://127.0.0.1:9")
    assert time.monotonic() - start < 6
    _one_line(done, "UNAVAILABLE: No connection to 127.0.0.1:9: Connection refused", "attempts")
    start = "qtf-serve --model_name=ising --model_base_path=MODELS/ising"
    _one_line(done, f"Is a server running at http://127.0.0.1:9? `{start}` starts one")


DRIVE = {"term": "coupling", "times": [0, 1], "values": [0.5, 1.0], "law": "linear"}


def test_energies_that_a_model_does_not_tell_are_left_out():
    prediction = _prediction()
    told = replace(prediction, observables=replace(prediction.observables, energy=None))
    assert "energy" not in table(told)
    assert "energy" not in json.loads(as_json(told))


def test_exact_evolution_of_a_driven_model_is_driven():
    driven = Physics(drive=(DRIVE,)).for_sites(2)
    np.testing.assert_array_equal(driven.at(1.0).to_dense(), Physics().for_sites(2).to_dense())


def test_exact_evolution_needs_a_hamiltonian():
    with pytest.raises(ValueError, match="--exact needs a Hamiltonian, but the model has learned"):
        Physics(hamiltonian={}).for_sites(2)
