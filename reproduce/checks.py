"""What must hold, checked against the numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MINUTES = 90
MRE_100 = {2: 3e-4, 3: 3e-4, 4: 3e-4, 5: 3e-4, 6: 1e-3, 7: 2e-3}
MRE_250 = 0.02
FIDELITY_100 = 0.99
LOSS_RATIO = 1 / 3
GENERATOR_MINUTES = 1
GENERATOR_N_SITES = (5, 8, 12, 16)
GENERATOR_AMPLITUDE_ERROR = 1e-7
GENERATOR_MRE = 1e-10
COUPLING_ERROR = 1e-6
RELATIVE_ERROR_WITH_NOISE = 0.01
# Three normal deviates are all below it in 999 of 1000 cases.
DEVIATIONS = 3.6
Values = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One requirement and what was found.

    Attributes:
        requirement: In words.
        found: The worst value, in words.
        holds: Whether it is met.
    """

    requirement: str
    found: str
    holds: bool


def all_checks(results: Values) -> list[Check]:
    """Returns every requirement whose numbers are there."""
    found: list[Check] = []
    if results.get("increment", {}).get("n_sites"):
        found += _increment(results["increment"])
    if results.get("transfer_8", {}).get("loss_ratios"):
        found += _transfer(results["transfer_8"])
    if results.get("local_generator", {}).get("n_sites"):
        found += _local_generator(results["local_generator"])
    if results.get("local_generator", {}).get("generator"):
        found += _couplings(results["local_generator"])
    return found


def _increment(values: Values) -> Iterator[Check]:
    minutes = values["minutes"]
    yield Check(
        f"`increment` is trained in at most {MINUTES} minutes",
        f"{minutes:.0f} minutes",
        minutes <= MINUTES,
    )
    by_n = {int(n): entry for n, entry in values["n_sites"].items()}
    for n_sites, entry in by_n.items():
        if n_sites in MRE_100:
            yield _at_most(f"MRE at step 100, n = {n_sites}", entry["mre_100"], MRE_100[n_sites])
    yield from _over_all_n(by_n)


def _over_all_n(by_n: dict[int, Values]) -> Iterator[Check]:
    n_sites, value = _worst(by_n, "mre_250", max)
    yield _at_most("MRE at step 250, every n", value, MRE_250, f" (n = {n_sites})")
    n_sites, value = _worst(by_n, "fidelity_100", min)
    yield Check(
        f"median fidelity at step 100, every n: at least {FIDELITY_100}",
        "not finite" if value is None else f"{value:.6f} (n = {n_sites})",
        value is not None and value >= FIDELITY_100,
    )
    starts = {n: entry["better_than_straight_line_from_step"] for n, entry in by_n.items()}
    late = {n: start for n, start in starts.items() if start != 2}
    words = ", ".join(
        f"n = {n}: {'not at the end' if start is None else f'from step {start} on'}"
        for n, start in late.items()
    )
    yield Check(
        "MRE below the straight line for every n and every step from 2 on (at step 1 that line"
        " is exact)",
        words or "everywhere",
        not late,
    )


def _transfer(values: Values) -> Iterator[Check]:
    words = {"paper_rate": "the paper's 1e-4", "base_rate": "the base run's 1e-3"}
    for rate, ratios in values["loss_ratios"].items():
        yield _at_most(
            "validation loss of fine-tuning over that from scratch, every epoch, learning rate"
            f" {words[rate]}",
            max(ratios),
            LOSS_RATIO,
        )


def _local_generator(values: Values) -> Iterator[Check]:
    minutes = values["minutes"]
    yield Check(
        "local generator fitted in less than a minute, start of the program included",
        f"{60 * minutes:.0f} seconds",
        minutes < GENERATOR_MINUTES,
    )
    for n_sites in GENERATOR_N_SITES:
        entry = values["n_sites"].get(str(n_sites))
        if entry is not None:
            name = f"at step 250, n = {n_sites}"
            error, limit = entry["amplitude_error_250"], GENERATOR_AMPLITUDE_ERROR
            yield _at_most(f"local generator: amplitude error {name}", error, limit)
            yield _at_most(f"local generator: MRE {name}", entry["mre_250"], GENERATOR_MRE)


def couplings(values: Values, key: str) -> dict[str, tuple[float, float, float]]:
    """Returns name -> exact value, learned value, standard error of every coupling.

    Args:
        values: Of the local generator.
        key: "generator" or "generator_from_noisy_data".
    """
    learned = values.get(key, {}).get("hamiltonian", {})
    exact = values["hamiltonian"]
    return {
        name: (exact[name], value, learned["errors"][name])
        for name, value in learned.get("parameters", {}).items()
        if isinstance(exact.get(name), float)
    }


def _couplings(values: Values) -> Iterator[Check]:
    exact = couplings(values, "generator").values()
    if exact:
        error = max(abs(value - true) for true, value, _ in exact)
        yield _at_most("local generator: error of the couplings", error, COUPLING_ERROR)
    noisy = couplings(values, "generator_from_noisy_data").values()
    if noisy:
        noise = f"with noise of {values['noise']:g} on every amplitude"
        error = max(abs(value / true - 1) for true, value, _ in noisy)
        what = f"local generator {noise}: relative error of the couplings"
        yield _at_most(what, error, RELATIVE_ERROR_WITH_NOISE)
        deviation = max(abs(value - true) / bar for true, value, bar in noisy)
        what = f"local generator {noise}: distance of the couplings in error bars"
        yield _at_most(what, deviation, DEVIATIONS)


def _at_most(what: str, value: float | None, limit: float, where: str = "") -> Check:
    if value is None:
        return Check(f"{what}: at most {limit:.2g}", f"not finite{where}", False)
    return Check(f"{what}: at most {limit:.2g}", f"{value:.2e}{where}", value <= limit)


def _worst(by_n: dict[int, Values], key: str, choose: Callable[..., Any]) -> tuple[int, Any]:
    missing = [n for n, entry in by_n.items() if entry[key] is None]
    if missing:
        return missing[0], None
    n_sites = choose(by_n, key=lambda n: by_n[n][key])
    return n_sites, by_n[n_sites][key]
