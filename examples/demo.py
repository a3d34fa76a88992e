"""The main job end to end: generate, train, evaluate, export, predict, serve.

    python examples/demo.py --out_dir=.demo

Each stage is a command that a user would type; run again, it continues or starts from what
is there. Fails if the network does not beat both trivial predictors for every n.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEP = 100


def main() -> int:
    """Runs all stages and prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out_dir", type=Path, default=Path(".demo"))
    out_dir = parser.parse_args().out_dir.resolve()
    data, run, models, report = (out_dir / name for name in ("data", "run", "models", "report"))
    seconds = {}
    for name, command in {
        "generate": ["data_gen.generate", "--config=configs/data/demo.py", f"--out_dir={data}"],
        "train": [
            "trainers.dynamics",
            "--config=configs/dynamics/demo.py",
            f"--data_dir={data}",
            f"--workdir={run}",
        ],
        "evaluate": [
            "trainers.evaluate",
            f"--workdir={run}",
            f"--data_dir={data}",
            f"--out_dir={report}",
        ],
        "export": ["trainers.export", f"--workdir={run}", f"--model_dir={models}"],
    }.items():
        seconds[name] = stage(name, [sys.executable, "-m", *command])
    version = max(models.iterdir(), key=lambda path: int(path.name))
    seconds["predict"] = predict_without_qtf(version)
    seconds["serve"] = predict_through_server(models, out_dir / "served.png")
    rows = read_rows(report)
    text = summary(rows, seconds)
    (out_dir / "summary.txt").write_text(text)
    print(f"\n{text}\nReport: {report / 'report.html'}")
    print(f"Serve it: {Path(sys.executable).parent / 'qtf-serve'} --model_base_path={models}")
    print(f"TensorBoard: {Path(sys.executable).parent / 'tensorboard'} --logdir {run}/tensorboard")
    if all(row["model"] < min(row["straight line"], row["persistence"]) for row in rows.values()):
        return 0
    print("The model does not beat both trivial predictors for every n.", file=sys.stderr)
    return 1


def stage(name: str, command: list[str]) -> float:
    """Runs one command in the repository's root and returns its seconds."""
    print(f"\n== {name}: {' '.join(['python', *command[1:]])}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # Ctrl-C reached the command too, which saves what it has and says how to go on.
        code = process.wait()
    if code:
        sys.exit(code)
    return time.monotonic() - started


def predict_without_qtf(version: Path) -> float:
    """Predicts in a fresh process that cannot import qtf, and checks the answer."""
    script = ROOT / "examples" / "predict_saved_model.py"
    command = [sys.executable, str(script), str(version), f"--n_steps={STEP}"]
    print(f"\n== predict: {' '.join(['python', *command[1:]])}", flush=True)
    started = time.monotonic()
    result = subprocess.run(
        command, cwd=version, env=without_repository(), capture_output=True, text=True
    )
    if result.returncode:
        sys.exit(f"Prediction failed: {result.stderr}")
    answer = json.loads(result.stdout)
    print(f"From {version}: {answer}")
    if answer["qtf_importable"] or answer["shape"] != [1, STEP + 1, 32]:
        sys.exit("The exported model did not answer as it should.")
    return time.monotonic() - started


def predict_through_server(models: Path, figure: Path) -> float:
    """Starts the server, asks it for a trajectory as a client would, and stops it."""
    started = time.monotonic()
    config = max(models.glob("*/assets/config.json"), key=lambda path: int(path.parts[-3]))
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0"]
    command += ["--model_name=ising", f"--model_base_path={models}", "--verbosity=-1"]
    print(f"\n== serve: {' '.join(['python', *command[1:]])}", flush=True)
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        ready = re.search(r"gRPC (\S+),", server.stdout.readline())
        if ready is None:
            sys.exit("The server did not start.")
        client = [sys.executable, "-m", "serving.predict", f"--address={ready[1]}"]
        client += ["--model_name=ising", f"--config={config}", "--exact", f"--plot={figure}"]
        stage("ask the server", [*client, "--state=paper:5", f"--n_steps={STEP}"])
    finally:
        server.terminate()
        code = server.wait()
    if code:
        sys.exit(f"The server ended with code {code}.")
    return time.monotonic() - started


def without_repository() -> dict[str, str]:
    """Returns the environment without paths that lead to this repository."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def read_rows(report: Path) -> dict[str, dict[str, float]]:
    """Returns n -> predictor -> mean relative entropy at the last step."""
    by_n = json.loads((report / "metrics.json").read_text())["n_sites"]
    # JSON writes an infinite entropy as null.
    return {
        n_sites: {
            name: math.inf if summary["mean"][STEP] is None else summary["mean"][STEP]
            for name, summary in metrics["mean_relative_entropy"].items()
        }
        for n_sites, metrics in by_n.items()
    }


def summary(rows: dict[str, dict[str, float]], seconds: dict[str, float]) -> str:
    """Returns the closing table."""
    lines = [
        f"Mean relative entropy at step {STEP}, unseen states (lower is better)",
        f"{'n':>3} {'model':>10} {'straight line':>14} {'persistence':>12}",
    ]
    for n_sites, row in rows.items():
        numbers = f"{row['model']:>10.2e} {row['straight line']:>14.2e} {row['persistence']:>12.2e}"
        lines.append(f"{n_sites:>3} {numbers}")
    times = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
    lines.append(f"Times: {times}; together {sum(seconds.values()):.0f} s without installation")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
