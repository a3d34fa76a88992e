"""Predicts from an exported model without qtf: TensorFlow and NumPy are enough.

    python examples/predict_saved_model.py MODELS/ising/1 --n_sites=5 --n_steps=100

Draws a random state, predicts its trajectory and prints a few observables.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Proves that the model needs nothing of the library: importing it fails from here on.
sys.modules["qtf"] = None

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402


def main() -> None:
    """Loads the model, predicts one trajectory and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", help="folder of one version of the SavedModel")
    parser.add_argument("--n_sites", type=int, default=5)
    parser.add_argument("--n_steps", type=int, default=100)
    arguments = parser.parse_args()
    model = tf.saved_model.load(arguments.version)
    psi0 = random_state(arguments.n_sites)
    request = {
        "psi0_re": tf.constant(psi0.real, tf.float32),
        "psi0_im": tf.constant(psi0.imag, tf.float32),
        "n_steps": tf.constant([arguments.n_steps]),
    }
    trajectory = model.signatures["rollout"](**request)
    observables = model.signatures["observables"](**request)
    answer = {name: float(values[0, -1]) for name, values in observables.items()}
    answer["shape"] = list(trajectory["psi_re"].shape)
    answer["qtf_importable"] = importable("qtf")
    print(json.dumps(answer))


def random_state(n_sites: int) -> np.ndarray:
    """Returns one normalised state of the law that the paper used, (1, 2**n_sites)."""
    rng = np.random.default_rng(5)
    psi = rng.uniform(-0.5, 0.5, (1, 2**n_sites)) + 1j * rng.uniform(0, 1, (1, 2**n_sites))
    return psi / np.linalg.norm(psi)


def importable(module: str) -> bool:
    """Whether `module` can be imported in this process."""
    try:
        __import__(module)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
