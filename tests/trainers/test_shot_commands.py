"""Commands about shots as a user runs them: simulate, learn, plan, predict, verify."""

import csv
import json
import re

import numpy as np
import pytest

from qtf.measurements import (
    Experiments,
    LearnedParameters,
    Setting,
    ShotModel,
    predict_means,
    read_experiments,
    simulate_shots,
    write_experiments,
)
from qtf.physics import Chain, evolve, ising
from tests.data_gen.run_module import run
from tests.without_progress import without_progress


def test_what_is_simulated_is_learned_by_the_commands(tmp_path):
    flags = ("--config=ising_shots:2,0.1", "--config.shots=500", "--config.n_settings=6")
    done = run("data_gen.simulate_shots", *flags, "--out_file=shots.json", cwd=tmp_path)
    assert done.stdout == "File shots.json: 30 settings, 15000 shots.\n"
    assert without_progress(done.stderr) == ""
    assert read_experiments(tmp_path / "shots.json").n_sites == 2
    flags = ("--terms=ZZ,X", "--jumps=decay", "--readout=e01,e10", "--fixed=e01=0.01")
    flags += ("--priors=X=-0.5:0.5", "--out_file=result.json")
    done = run("trainers.learn_shots", "--data=shots.json", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "explains the data" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    values = {entry["name"]: entry for entry in result["parameters"]}
    assert abs(values["ZZ"]["value"] + 1.0) < 5 * values["ZZ"]["error"]
    assert (values["e01"]["value"], values["e01"]["given"]) == (0.01, True)


def test_a_depolarised_preparation_is_simulated_and_learned_by_the_commands(tmp_path):
    flags = ("--config=ising_shots:2,0.0", "--config.shots=2000", "--config.n_settings=6")
    noise = ("--config.depolarised=(0.2,)", "--config.preparation=axes")
    done = run("data_gen.simulate_shots", *flags, *noise, "--out_file=shots.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = ("--terms=ZZ,X", "--readout=e01,e10", "--preparation_errors=depolarised@each")
    learn = ("trainers.learn_shots", "--data=shots.csv", *words, "--out_file=result.json")
    done = run(*learn, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "explains the data" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    values = {entry["name"]: entry for entry in result["parameters"]}
    for name in ("depolarised@1", "depolarised@2"):
        assert abs(values[name]["value"] - 0.2) < 4 * values[name]["error"] < 0.2
    plan = ("--result=result.json", "--times=0.5,1.0", "--shots=1000", "--wanted=depolarised@1")
    done = run("trainers.plan_shots", *plan, cwd=tmp_path)
    assert "depolarised@1" in done.stdout


def test_a_driven_chain_is_simulated_and_learned_by_the_commands(tmp_path):
    flags = ("--config=driven_shots:2", "--config.n_settings=10", "--config.preparation=axes")
    done = run("data_gen.simulate_shots", *flags, "--out_file=shots.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pulse = {"times": [0.0, 0.5, 1.0], "values": [0.0, 1.0, 0.0], "law": "linear"}
    (tmp_path / "shapes.json").write_text(json.dumps({"pulse": pulse}))
    learn = ("trainers.learn_shots", "--data=shots.csv", "--shapes=shapes.json")
    done = run(*learn, "--terms=ZZ,pulse*X", "--out_file=result.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "explains the data" in done.stdout
    entries = json.loads((tmp_path / "result.json").read_text())["parameters"]
    assert [entry["name"] for entry in entries] == ["ZZ", "pulse*X"]
    for entry in entries:
        assert abs(entry["value"] + 1.0) < 4 * entry["error"] < 0.5
    plan = ("trainers.plan_shots", "--result=result.json", "--times=0.5,1.0", "--shots=1000")
    done = run(*plan, "--shapes=shapes.json", cwd=tmp_path)
    assert "pulse*X" in done.stdout
    done = run(*plan, cwd=tmp_path)
    assert "must name shapes that are given, none, but `pulse*X` names `pulse`" in done.stderr


def test_words_are_selected_and_what_is_not_right_is_said(tmp_path):
    flags = ("--config=ising_shots:2,0.0", "--config.shots=3000", "--config.n_settings=6")
    noise = ("--config.e01=0.0", "--config.e10=0.0", "--config.preparation=axes")
    done = run("data_gen.simulate_shots", *flags, *noise, "--out_file=shots.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    learn = ("trainers.learn_shots", "--data=shots.npz")
    done = run(*learn, "--select", "--keep=Y@1", "--out_file=result.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Kept 4 of 15 words" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    assert [one["name"] for one in result["parameters"]] == ["X@1", "X@2", "Y@1", "ZZ@1"]
    assert len(result["selection"]["dropped"]) == 11
    done = run(*learn, "--terms=X", "--n_starts=1", cwd=tmp_path)
    assert "does not explain the data" in done.stdout
    assert "however many shots there are" in done.stdout


def test_measurements_are_planned_taken_and_planned_again(tmp_path):
    words = ("--n_sites=2", "--guess=ZZ=-1.0:0.2,X=-0.5:0.2", "--times=0.4,0.8")
    plan = ("trainers.plan_shots", "--n_candidates=40")
    done = run(*plan, *words, "--shots=2000", "--out_file=first.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2000 shots: root mean square error 0.0" in done.stdout
    take = ("data_gen.simulate_shots", "--config=ising_shots:2,0.0", "--config.e10=0.0")
    take += ("--config.e01=0.0",)
    done = run(*take, "--settings=first.csv", "--out_file=a.csv", cwd=tmp_path)
    assert "2000 shots." in done.stdout
    learn = ("trainers.learn_shots", "--terms=ZZ,X", "--out_file=result.json")
    done = run(*learn, "--data=a.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = ("--result=result.json", "--times=0.4,0.8,1.6", "--measured=a.csv", "--target=0.006")
    done = run(*plan, *again, "--out_file=next.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "root mean square error 0.006." in done.stdout
    done = run(*take, "--settings=next.csv", "--out_file=b.csv", "--config.seed=1", cwd=tmp_path)
    done = run(*learn, "--data=a.csv,b.csv", cwd=tmp_path)
    entries = json.loads((tmp_path / "result.json").read_text())["parameters"]
    assert sum(entry["error"] ** 2 for entry in entries) / 2 == pytest.approx(0.006**2, rel=0.3)
    judge = ("--candidates=next.csv", "--measured=a.csv", "--asis", "--result=result.json")
    done = run("trainers.plan_shots", *judge, cwd=tmp_path)
    expected = dict(line.split() for line in done.stdout.splitlines())
    for entry in entries:
        assert float(expected[entry["name"]]) == pytest.approx(entry["error"], rel=0.1)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Folder with shots of two spins, and what `learn-shots` has made of them."""
    folder = tmp_path_factory.mktemp("learned")
    model = ShotModel.of_words(2, terms=["ZZ", "X"])
    settings = [Setting("+z", 0.2 * k, basis, 500) for k in range(1, 6) for basis in ("YZ", "XY")]
    write_experiments(folder / "a.csv", simulate_shots(model, [0.9, 0.5], settings, seed=0))
    learn = ("trainers.learn_shots", "--data=a.csv", "--terms=ZZ,X")
    done = run(*learn, "--out_file=result.json", "--report=report.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Result: result.json\nReport: report.html\n")
    return folder


def test_a_report_is_one_page(learned):
    text = (learned / "report.html").read_text()
    assert text.count("<img") == 3
    assert "a.csv" in text


def test_a_result_predicts_longer_chains(learned, tmp_path):
    predict = ("trainers.predict_shots", f"--result={learned}/result.json", "--n_sites=4")
    options = ("--times=0:1:0.5,3", "--observables=Z,ZZ@1", "--n_samples=20", "--seed=1")
    files = ("--out_file=four.csv", "--figure=four.png")
    done = run(*predict, *options, *files, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "20 of 20 draws" in done.stdout
    assert done.stdout.endswith("Prediction: four.csv\nFigure: four.png\n")
    with (tmp_path / "four.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["time"]) for row in rows] == [0.0, 0.5, 1.0, 3.0] * 2
    fit = LearnedParameters.read(learned / "result.json")
    expected = predict_means(
        fit, 4, [0.0, 0.5, 1.0, 3.0], observables=["Z", "ZZ@1"], n_samples=20, seed=1
    )
    for name in ("value", "low", "high"):
        column = np.array([float(row[name]) for row in rows]).reshape(2, 4).T
        assert column == pytest.approx(getattr(expected, {"value": "values"}.get(name, name)))
    done = run(*predict, *options, "--out_file=four.json", cwd=tmp_path)
    assert json.loads((tmp_path / "four.json").read_text()) == expected.to_dict()


@pytest.mark.long
def test_what_was_learned_is_a_run_that_is_evaluated_and_exported(learned, tmp_path):
    learn = ("trainers.learn_shots", f"--data={learned}/a.csv", "--terms=ZZ,X")
    done = run(*learn, "--workdir=RUN", "--dt=0.01", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = re.search(r"Ising chain with coupling (\S+) .* transverse_field (\S+) ", done.stdout)
    assert [-float(word) for word in found.groups()] == pytest.approx([0.9, 0.5], abs=0.1)
    assert done.stdout.endswith("Run folder: RUN\n")
    done = run("trainers.evaluate", "--workdir=RUN", "--out_dir=OUT", cwd=tmp_path)
    assert done.returncode == 1
    assert "learned from given trajectories or shots, and no law tells" in done.stderr
    times = 0.01 * np.arange(31)
    psi = {}
    for n in (2, 5):
        random = np.random.default_rng(n)
        psi0 = random.normal(size=(10, 2**n)) + 1j * random.normal(size=(10, 2**n))
        psi0 /= np.linalg.norm(psi0, axis=1, keepdims=True)
        chain = ising(Chain(n), coupling=-0.9, transverse_field=-0.5, longitudinal_field=0.0)
        psi[f"psi_{n}"] = evolve(chain, psi0, times)
    np.savez(tmp_path / "arrays.npz", **psi)
    arrays = ("--file=arrays.npz", "--dt=0.01", "--out_dir=DATA")
    done = run("data_gen.import_arrays", *arrays, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = ("--data_dir=DATA", "--out_dir=OUT", "--n_steps=30")
    done = run("trainers.evaluate", "--workdir=RUN", *report, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "OUT" / "metrics.json").read_text())
    assert "Ising chain" in content["fitted_hamiltonian"]
    assert "Model explains the data" in content["fit"]
    for metrics in content["n_sites"].values():
        assert max(metrics["fidelity"]["model"]["mean"]) > 0.99
    done = run("trainers.export", "--workdir=RUN", "--model_dir=M", "--n_sites=3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "M" / "1" / "assets" / "model_card.md").read_text()
    assert "learned from shots of 2\nspins" in card
    assert "not known: the shots were given" in card


@pytest.mark.long
def test_rates_make_it_an_open_system(tmp_path):
    model = ShotModel.of_words(2, terms=["X"], jumps=["decay"])
    settings = [Setting("+z", 0.3 * k, basis, 800) for k in range(1, 6) for basis in ("YZ", "ZY")]
    write_experiments(tmp_path / "a.csv", simulate_shots(model, [0.5, 0.4], settings, seed=0))
    learn = ("trainers.learn_shots", "--data=a.csv", "--terms=X", "--jumps=decay")
    flags = ("--workdir=RUN", "--dt=0.1", "--n_steps=5", "--preset=quick")
    done = run(*learn, *flags, "--out_file=r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    fit = LearnedParameters.read(tmp_path / "r.json")
    expected = predict_means(fit, 2, [0.5], observables=["Z"], n_samples=1)["Z"][0, 0]
    told = float(re.search(r"<Z> = (\S+)\.", done.stdout)[1])
    # The network is the smallest that there is.
    assert told == pytest.approx(expected, abs=0.05)
    done = run("trainers.export", "--workdir=RUN", "--model_dir=M", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_long_chain_is_learned_by_patches(tmp_path):
    settings = [Setting("+z", 0.1 * k, "YZX" * 6, 20) for k in (1, 2)]
    random = np.random.default_rng(0)
    strings = [["".join(random.choice(list("01"), 18)) for _ in range(20)] for _ in settings]
    counts = [{string: of.count(string) for string in of} for of in strings]
    write_experiments(tmp_path / "long.csv", Experiments(settings, counts))
    learn = ("trainers.learn_shots", "--data=long.csv")
    done = run(*learn, "--terms=Z", "--readout=e01", "--out_file=r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "to time 0.1" in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["n_sites"] == 18
    options = ("--terms=X@2,Z@2,Z", "--select", "--keep=Z", "--readout=e01")
    known = ("--fixed=e01=0.1", "--priors=Z=0.0:0.5")
    done = run(*learn, *options, *known, "--out_file=s.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "to time 0.1" in done.stdout
    assert "of 4 words" in done.stdout
    assert "Windows of 8 sites" in done.stdout
    result = json.loads((tmp_path / "s.json").read_text())
    values = {entry["name"]: entry for entry in result["parameters"]}
    assert (values["e01"]["value"], values["e01"]["given"]) == (0.1, True)
    assert "Z" in values


def test_files_of_shots_are_verified(tmp_path):
    shots = Experiments([Setting("+z", 0.5, "ZX", 10)], [{"00": 8, "01": 2}])
    for name in ("a.csv", "b.npz"):
        write_experiments(tmp_path / name, shots)
    done = run("data_gen.verify", "--shots=a.csv,b.npz", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "File b.npz: 1 settings of 2 sites, 10 shots.\n2 files: 0 problems." in done.stdout
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "a.csv").write_text(text.replace("01,2", "01,3"))
    done = run("data_gen.verify", "--shots=a.csv,no.json,b.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.endswith("3 files: 2 problems.\n")
    first, second = done.stderr.splitlines()
    assert "File a.csv, line 2: Argument `counts` must add up to 10 shots" in first
    assert second == "qtf-verify: There is no file no.json."


GUESSED = ["--n_sites=1", "--guess=X=1.0", "--times=1.0"]


@pytest.mark.parametrize(
    ("module", "flags", "message"),
    [
        ("data_gen.simulate_shots", ["--config=ising_shots", "--out_file=s.txt"], "must end with"),
        (
            "trainers.plan_shots",
            ["--n_sites=1", "--guess=f*X=1.0", "--times=1.0", "--shots=9", "--shapes=no.json"],
            "There is no file no.json.",
        ),
        ("trainers.learn_shots", ["--data=no.csv"], "There is no file no.csv."),
        ("trainers.learn_shots", ["--data=bad.csv"], "File bad.csv, line 1: the header must be"),
        ("trainers.learn_shots", ["--data=no.csv", "--fixed=ZZ"], "must hold NAME=VALUE"),
        (
            "trainers.plan_shots",
            ["--result=bad.json", "--times=1.0", "--shots=9"],
            "File bad.json must be a result of learn-shots, but is not",
        ),
        (
            "trainers.plan_shots",
            ["--result=no.json", "--times=1.0", "--shots=9"],
            "error: There is no file no.json.",
        ),
        (
            "trainers.plan_shots",
            [*GUESSED[:2], "--candidates=no.csv", "--shots=9"],
            "error: There is no file no.csv.",
        ),
        (
            "data_gen.simulate_shots",
            ["--config=ising_shots", "--settings=no.csv", "--out_file=s.csv"],
            "error: There is no file no.csv.",
        ),
        (
            "trainers.learn_shots",
            ["--data=no.csv", "--out_file=no/r.json"],
            "File no/r.json cannot be written: there is no folder no.",
        ),
        (
            "trainers.plan_shots",
            [*GUESSED, "--shots=9", "--out_file=no/r.csv"],
            "File no/r.csv cannot be written: there is no folder no.",
        ),
        ("trainers.plan_shots", ["--times=1.0"], "--result and --guess must be given"),
        ("trainers.plan_shots", ["--guess=X=1"], "--n_sites must be given with --guess"),
        ("trainers.plan_shots", GUESSED[:2], "--candidates and --times must be given"),
        ("trainers.plan_shots", GUESSED, "--target and --shots must be given"),
        ("trainers.plan_shots", [*GUESSED, "--target=0.1", "--wanted=Q"], "`wanted` must name"),
        (
            "trainers.predict_shots",
            ["--result=no.json", "--n_sites=4", "--times=1"],
            "error: There is no file no.json.",
        ),
        (
            "trainers.predict_shots",
            ["--result=bad.json", "--n_sites=4", "--times=1"],
            "File bad.json must be a result of learn-shots, but is not",
        ),
        (
            "trainers.predict_shots",
            ["--result=bad.json", "--n_sites=4", "--times=1:0:0.1"],
            "must hold numbers or FIRST:LAST:STEP, at most 10000 times, but holds '1:0:0.1'",
        ),
        (
            "trainers.predict_shots",
            ["--result=bad.json", "--n_sites=4", "--times=1", "--out_file=a.txt"],
            "--out_file must end with .csv or .json, but is a.txt",
        ),
        (
            "trainers.learn_shots",
            ["--data=bad.csv", "--workdir=RUN"],
            "--workdir and --dt must be given together",
        ),
        (
            "trainers.learn_shots",
            ["--data=bad.csv", "--workdir=RUN", "--dt=0.1", "--jumps=decay"],
            "--n_steps must be given with --workdir and --jumps",
        ),
        (
            "trainers.learn_shots",
            ["--data=bad.csv", "--workdir=RUN", "--dt=0.1", "--n_steps=3"],
            "--n_steps and --n_sites are for open systems",
        ),
        ("data_gen.verify", ["--shots=a.csv", "--data_dir=d"], "--data_dir and --shots must be"),
        ("trainers.learn_shots", ["--data=no.csv", "--keep=X"], "must be given with --select"),
        ("trainers.learn_shots", ["--data=no.csv", "--priors=ZZ=1"], "must hold numbers"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, module, flags, message):
    (tmp_path / "bad.csv").write_text("a,b\n")
    (tmp_path / "bad.json").write_text('{"parameters": [1], "n_sites": 2}')
    done = run(module, *flags, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "bad.json"]
