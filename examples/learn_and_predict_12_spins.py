"""Learn what drives a chain from 2, 3 and 4 spins, then predict 12; see docs/tutorial.md.

    python examples/learn_and_predict_12_spins.py --figure=twelve.png

About half a minute on two cores.
"""

import argparse
import os
from pathlib import Path

# Fits multiply many small matrices, where threads only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from qtf.dynamics.generator_fit import FitResult, fit_generator
from qtf.dynamics.generator_report import coefficient_table, identify
from qtf.dynamics.local_terms import LocalTerms
from qtf.dynamics.metrics import relative_entropy
from qtf.figure_style import (
    EXACT,
    PAULI_COLORS,
    TIME,
    add_grid,
    make_figure,
    put_legend_below,
)
from qtf.files import write_figure
from qtf.physics import Chain, evolve, fidelity, ising, magnetization, sample_initial_states
from qtf.quiet_import import import_tensorflow_quietly

DT = 0.002
SHORT = (2, 3, 4)
N_TRAJECTORIES = 100
N_FITTED_STEPS = 100


def main() -> None:
    """Runs the tutorial from the first trajectory to the figure."""
    arguments = parsed_arguments()

    print("1. Exact trajectories of short chains stand for an experiment.")
    experiment = {n: trajectories(n, N_TRAJECTORIES, N_FITTED_STEPS, seed=0) for n in SHORT}

    print("2. Least squares finds one generator for all of them.\n")
    result = learn(experiment)
    print(coefficient_table(result))
    print(f"\n   {result.n_trajectories} trajectories, {result.seconds:.1f} s")
    print(f"   {identify(result)}")

    print(f"\n3. The same generator drives {arguments.n_sites} spins, which it has never seen.\n")
    exact = trajectories(arguments.n_sites, 3, arguments.n_steps, seed=1)
    predicted = predict(result.coefficients, exact[:, 0], arguments.n_steps)
    compare(exact, predicted)

    print("\n4. The same from noisy data.\n")
    noisy = {n: with_noise(psi, arguments.noise, seed=n) for n, psi in experiment.items()}
    noisy_result = learn(noisy)
    found = identify(noisy_result)
    print(f"   noise found: {noisy_result.noise:.2e} on every part")
    print(f"   {found}\n")
    # The named Hamiltonian has three parameters, not twenty: what is 0 is exactly 0.
    from_noise = predict(found.coefficients, exact[:, 0], arguments.n_steps)
    compare(exact, from_noise)

    if arguments.figure:
        draw(exact[0], predicted[0], from_noise[0], arguments.figure)
        print(f"\nFigure: {arguments.figure}")


def trajectories(n_sites: int, n_samples: int, n_steps: int, *, seed: int) -> np.ndarray:
    """Returns exact trajectories of the Ising chain, (n_samples, n_steps + 1, 2**n)."""
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=seed)
    return evolve(ising(Chain(n_sites)), psi0, DT * np.arange(n_steps + 1))


def learn(data: dict[int, np.ndarray]) -> FitResult:
    """Fits the coefficients of nearest-neighbour terms, shared by all chains."""
    terms = LocalTerms(interaction_range=1)
    return fit_generator([(terms, psi) for psi in data.values()], DT)


def predict(coefficients: np.ndarray, psi0: np.ndarray, n_steps: int) -> np.ndarray:
    """Rolls initial states out, (n_samples, n_steps + 1, 2**n)."""
    # Only predictions need TensorFlow; fits are NumPy.
    import_tensorflow_quietly()
    from qtf.dynamics.local_generator import LocalGenerator
    from qtf.dynamics.rollout import Rollout

    model = LocalGenerator(DT)
    model.coefficients.assign(coefficients)
    return Rollout(model)(psi0, n_steps)


def with_noise(psi: np.ndarray, noise: float, *, seed: int) -> np.ndarray:
    """Adds Gaussian noise to every real and imaginary part."""
    rng = np.random.default_rng(seed)
    return psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))


def compare(exact: np.ndarray, predicted: np.ndarray) -> None:
    """Prints the errors at the last step beside those of a trivial predictor."""
    steps = np.arange(exact.shape[1])[:, None]
    straight = exact[:, :1] + steps * (exact[:, 1:2] - exact[:, :1])
    print(f"   {'at the last step':<26} {'generator':>10} {'straight line':>14}")
    for name, error in {
        "largest amplitude error": lambda psi: np.abs(psi - exact)[:, -1].max(),
        "mean relative entropy": lambda psi: relative_entropy(exact, psi)[:, -1].mean(),
        "1 - fidelity": lambda psi: (1 - fidelity(exact, psi)[:, -1]).max(),
    }.items():
        print(f"   {name:<26} {abs(error(predicted)):>10.1e} {error(straight):>14.1e}")


def draw(exact: np.ndarray, predicted: np.ndarray, from_noise: np.ndarray, path: Path) -> None:
    """Draws the magnetisation of one trajectory and the errors of its amplitudes."""
    times = DT * np.arange(len(exact))
    n_sites = exact.shape[-1].bit_length() - 1
    figure = make_figure(9.0, 3.8, title=f"Ising model, open chain of {n_sites}")
    left, right = figure.subplots(1, 2)
    for axis, color in PAULI_COLORS.items():
        label = rf"$\langle {axis.upper()} \rangle$"
        left.plot(times, magnetization(predicted, axis), color=color, linewidth=2.5, label=label)
        exact_label = "exact" if axis == "x" else None
        left.plot(times, magnetization(exact, axis), label=exact_label, **EXACT)
    left.set_title("magnetisation a site", fontsize="medium")
    for psi, label, color in (
        (from_noise, "from noisy data", "tab:red"),
        (predicted, "from exact data", "tab:purple"),
    ):
        errors = np.abs(psi - exact).max(axis=1)[1:]
        right.semilogy(times[1:], errors, label=label, color=color)
    right.set_title("largest error of an amplitude", fontsize="medium")
    for panel in (left, right):
        panel.set_xlabel(TIME)
        add_grid(panel)
    put_legend_below(figure)
    write_figure(path, figure)


def parsed_arguments() -> argparse.Namespace:
    """Returns what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n_sites", type=int, default=12, help="spins to predict")
    parser.add_argument("--n_steps", type=int, default=250, help="steps to predict")
    parser.add_argument("--noise", type=float, default=1e-3, help="noise of the second fit")
    parser.add_argument("--figure", type=Path, help="picture to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
