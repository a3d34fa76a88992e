"""Asks a server to predict a time evolution, or to measure what it serves, and shows the answer.

    python -m serving.predict --state=paper:5 --n_steps=100 [--exact] [--plot=out.png]
    python -m serving.predict --model_name=psi --n_samples=4096 [--seed=1] [--json]

States: paper:N, haar:N[:SEED], random:N[:SEED], up:N, down:N, neel:N, plus:N or file.npy. Samples
are those of wave functions and of open systems.
"""

import functools
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from qtf.command_line import run_command, typed_name, value_of

if TYPE_CHECKING:
    import numpy as np

    from serving.client import Client, Metadata, ServingError
    from serving.prediction.exact import Physics
    from serving.prediction.report import Prediction

ADDRESS = flags.DEFINE_string(
    "address",
    "127.0.0.1:8500",
    "Server: host:port for gRPC, http://host:port for REST, which starts faster.",
)
MODEL_NAME = flags.DEFINE_string("model_name", "ising", "Name that the model is served under.")
VERSION = flags.DEFINE_integer("version", None, "Version of the model; the newest by default.")
LABEL = flags.DEFINE_string("label", None, "Label of a version, instead of its number.")
TIMEOUT = flags.DEFINE_float("timeout", 30.0, "Seconds for the prediction.")
CERTIFICATE = flags.DEFINE_string(
    "certificate", None, "PEM file of the authority of the server's certificate."
)
TOKENS = flags.DEFINE_string(
    "auth_token_file", None, "File whose first token is sent to a server that asks for one."
)
STATE = flags.DEFINE_string("state", None, "Initial state, see above.")
N_SAMPLES = flags.DEFINE_integer(
    "n_samples", None, "Instead of a state: measures so many samples of the model.", lower_bound=2
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the samples.", lower_bound=0)
N_STEPS = flags.DEFINE_integer("n_steps", 100, "Steps to predict.", lower_bound=1)
OBSERVABLES = flags.DEFINE_bool("observables", False, "Print every step, not about ten.")
JSON = flags.DEFINE_bool("json", False, "Print JSON with every step instead of a table.")
EXACT = flags.DEFINE_bool("exact", False, "Compare with exact evolution.")
CONFIG = flags.DEFINE_string(
    "config", None, "The model's assets/config.json: time step and Hamiltonian."
)
PLOT = flags.DEFINE_string("plot", None, "Picture to write: png, pdf or svg.")
OUTPUT = flags.DEFINE_string("output", None, "Archive of states and numbers to write: npz.")

# A server that is there says which version it serves at once.
_CONTACT_SECONDS = 5.0


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_mutual_exclusive(["state", "n_samples"], required=True)
    run_command("qtf-predict", _main, resumable=False)


def _main() -> None:
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import write_atomically
    from serving.client import ServingError
    from serving.prediction.exact import Physics
    from serving.prediction.initial_state import initial_state
    from serving.prediction.report import archive, as_json, table

    if STATE.value is None:
        print(_measured())
        return
    plot, output = _destination("plot", PLOT.value), _destination("output", OUTPUT.value)
    psi0 = initial_state(value_of(STATE))
    physics = Physics.load(CONFIG.value) if CONFIG.value else Physics()
    try:
        prediction = _predict(psi0, physics)
    except ServingError as error:
        raise OSError(f"{str(error).rstrip('.')}{_hint(error)}") from error
    if CONFIG.value is None:
        about = "time step and Hamiltonian are" if EXACT.value else "the time step is"
        print(
            f"{typed_name('qtf-predict')}: {about} the paper's, as no --config is given.",
            file=sys.stderr,
        )
    print(as_json(prediction) if JSON.value else table(prediction, every_step=OBSERVABLES.value))
    if output:
        write_atomically(output, archive(prediction))
    if plot:
        from serving.prediction.figure import picture

        write_atomically(plot, picture(prediction, plot.suffix[1:]))


def _predict(psi0: "np.ndarray", physics: "Physics") -> "Prediction":
    from serving.prediction.exact import compare_with_exact
    from serving.prediction.report import Prediction

    connect, served = _connection()
    if "rollout" not in served.signatures:
        raise ValueError(
            f"Flag --model_name must name a model of dynamics, but {MODEL_NAME.value} has no"
            " signature `rollout`."
        )
    with connect(version=served.version, timeout=TIMEOUT.value) as client:
        prediction = Prediction(
            model=MODEL_NAME.value,
            version=served.version,
            state=value_of(STATE),
            dt=physics.dt,
            observables=client.observables(psi0, N_STEPS.value),
        )
        if not (EXACT.value or PLOT.value or OUTPUT.value):
            return prediction
        psi = client.rollout(psi0, N_STEPS.value).psi
    exact = compare_with_exact(psi, physics) if EXACT.value else None
    return replace(prediction, psi=psi, exact=exact)


def _measured() -> str:
    """Returns what samples of the model tell."""
    from serving.client import ServingError
    from serving.prediction.measurement import as_json, lines

    try:
        connect, served = _connection()
        measure = {"log_psi": "ground_state", "log_prob": "open_system"}
        kind = next((name for key, name in measure.items() if key in served.signatures), None)
        if kind is None:
            raise ValueError(
                "Flag --model_name must name a wave function or an open system, but"
                f" {MODEL_NAME.value} has no signature `log_psi` or `log_prob`."
            )
        with connect(version=served.version, timeout=TIMEOUT.value) as client:
            found = getattr(client, kind)(N_SAMPLES.value, seed=SEED.value)
    except ServingError as error:
        raise OSError(f"{str(error).rstrip('.')}{_hint(error)}") from error
    title = f"model {MODEL_NAME.value}, version {served.version}, {found.n_samples} samples"
    return as_json(found) if JSON.value else "\n".join([title, *lines(found)])


def _connection() -> "tuple[Callable[..., Client], Metadata]":
    """Returns what makes a client, and what the server says about the model at once."""
    from serving.client import Client

    connect = functools.partial(
        Client,
        ADDRESS.value,
        model=MODEL_NAME.value,
        certificate=CERTIFICATE.value,
        token=_token(TOKENS.value),
    )
    seconds = min(_CONTACT_SECONDS, TIMEOUT.value)
    with connect(version=VERSION.value, label=LABEL.value, timeout=seconds) as client:
        return connect, client.metadata()


def _token(path: str | None) -> str | None:
    if path is None:
        return None
    lines = (line.strip() for line in Path(path).read_text().splitlines())
    token = next((line for line in lines if line and not line.startswith("#")), None)
    if token is None:
        raise ValueError(f"Flag --auth_token_file must name a file of tokens, but is {path!r}.")
    return token


def _hint(error: "ServingError") -> str:
    """Returns what to do about an error that a newcomer meets first, or nothing."""
    from serving.status import Code

    if error.code is Code.UNAVAILABLE:
        name = MODEL_NAME.value
        start = f"qtf-serve --model_name={name} --model_base_path=MODELS/{name}"
        return (
            f". Is a server running at {ADDRESS.value}? `{start}` starts one, and --address names"
            " another."
        )
    if error.code is Code.UNAUTHENTICATED:
        return ". Flag --auth_token_file names a file with a token."
    if error.code is Code.NOT_FOUND:
        return ". Flag --model_name says which model is asked."
    return ""


def _destination(flag: str, text: str | None) -> Path | None:
    """Returns the file of a flag after checking, before any work, that it can be written."""
    if not text:
        return None
    suffixes = {"plot": (".png", ".pdf", ".svg"), "output": (".npz",)}[flag]
    path = Path(text)
    if path.suffix not in suffixes:
        raise ValueError(f"Flag --{flag} must end in {' or '.join(suffixes)}, but is {text!r}.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"Flag --{flag} must name a file in an existing folder, but is {text!r}.")
    return path


if __name__ == "__main__":
    main()
