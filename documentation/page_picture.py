"""Writes docs/static/page.png, the page of a server: python -m documentation.page_picture.

Trains a small network for half a minute, exports and serves it, opens the page in headless
Chromium, and takes a picture once the prediction is drawn. Seeds are fixed; but for the
milliseconds that the page tells of its round trips, the same picture comes out again.
"""

import argparse
import contextlib
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import qtf
from documentation.chromium import Chromium
from documentation.small_png import reduce_colors
from qtf.physics import HamiltonianSettings, evolve, sample_initial_states

PICTURE = Path(__file__).resolve().parents[1] / "docs/static/page.png"
MODEL = "ising"
DT = 0.01
SIZES = (2, 3, 4)
ISING = {"lattice": "chain", "coupling": 1.0, "transverse_field": -1.05, "longitudinal_field": 0.5}
WIDTH, HEIGHT = 1280, 860
# What the page shows: a chain of the longest length, each spin along a direction of its own.
STATE = f"n={SIZES[-1]}&state=bloch&steps=100&step=60&angles=30,0;80,60;120,-60;60,180"
READY = re.compile(r"ready, gRPC \S+, REST (http://\S+:\d+)")
IS_DONE = "document.getElementById('status').textContent.includes('round trips included')"


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the picture.

    Args:
        arguments: Words of the command line; None: those of the process.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out_file", type=Path, default=PICTURE)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="qtf-page-") as folder:
        models, shot = Path(folder, MODEL), Path(folder, "page.png")
        qtf.export(_train(), models)
        with _serve(models) as url:
            take_picture(f"{url}/#{STATE}", shot, Path(folder, "profile"))
        chosen.out_file.write_bytes(reduce_colors(shot.read_bytes()))


def take_picture(url: str, path: Path, profile: Path) -> None:
    """Writes a picture of the upper part of a served page, once its prediction is there.

    Args:
        url: Its address.
        path: The PNG file.
        profile: Empty folder for what the browser keeps.
    """
    profile.mkdir(exist_ok=True)
    browser = Chromium(profile)
    try:
        browser.open(url)
        browser.wait_for(IS_DONE, timeout=120.0)
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.screenshot(path, width=WIDTH, height=HEIGHT)
    finally:
        browser.close()


def _train() -> "qtf.api.DynamicsModel":
    times = DT * np.arange(101)
    hamiltonian = HamiltonianSettings("ising", ISING)
    trajectories = {}
    for n_sites in SIZES:
        psi0 = sample_initial_states("product", n_sites, 500, seed=n_sites)
        trajectories[n_sites] = evolve(hamiltonian.resized(n_sites).build(), psi0, times)
    return qtf.train_dynamics(
        trajectories,
        times=times,
        preset="quick",
        training={"n_epochs": 12},
        hamiltonian=hamiltonian,
    )


@contextlib.contextmanager
def _serve(models: Path) -> Iterator[str]:
    """Yields the address of a server of a model, which ends afterwards."""
    flags = [f"--model_name={MODEL}", f"--model_base_path={models}", "--port=0"]
    command = [sys.executable, "-m", "serving.server", *flags, "--rest_api_port=0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = server.stdout or ()
        yield next(found[1] for line in lines if (found := READY.search(line)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


if __name__ == "__main__":
    main()
