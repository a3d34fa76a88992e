"""What must hold, checked against the numbers."""

from collections.abc import Callable, Iterator, Mapping

from reports.requirements import Requirement, keeps
from reproduce.sections.dynamics.results import LocalGenerator, Results, Tested, Trained, Transfer

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
RATES = {"paper_rate": "the paper's 1e-4", "base_rate": "the base run's 1e-3"}


def all_requirements(results: Results) -> list[Requirement]:
    """Returns every requirement whose numbers are there."""
    requirements: list[Requirement] = []
    if results.increment and results.increment.n_sites:
        requirements += _increment(results.increment)
    if results.transfer_8:
        requirements += _transfer(results.transfer_8)
    if results.local_generator and results.local_generator.n_sites:
        requirements += _local_generator(results.local_generator)
    if results.local_generator:
        requirements += _couplings(results.local_generator)
    return requirements


def _increment(network: Trained) -> Iterator[Requirement]:
    yield Requirement(
        f"`increment` is trained in at most {MINUTES} minutes",
        f"{network.minutes:.0f} minutes",
        network.minutes <= MINUTES,
    )
    by_n = dict(sorted(network.n_sites.items()))
    for n_sites, tested in by_n.items():
        if n_sites in MRE_100:
            yield _at_most(f"MRE at step 100, n = {n_sites}", tested.mre_100, MRE_100[n_sites])
    n_sites, value = _worst(by_n, lambda tested: tested.mre_250, max)
    yield _at_most("MRE at step 250, every n", value, MRE_250, f" (n = {n_sites})")
    n_sites, value = _worst(by_n, lambda tested: tested.fidelity_100, min)
    yield Requirement(
        f"median fidelity at step 100, every n: at least {FIDELITY_100}",
        "not finite" if value is None else f"{value:.6f} (n = {n_sites})",
        value is not None and value >= FIDELITY_100,
    )
    yield _better_than_straight_line(by_n)


def _better_than_straight_line(by_n: Mapping[int, Tested]) -> Requirement:
    starts = {n: tested.better_than_straight_line_from_step for n, tested in by_n.items()}
    late = {n: start for n, start in starts.items() if start != 2}
    words = ", ".join(
        f"n = {n}: {'not at the end' if start is None else f'from step {start} on'}"
        for n, start in late.items()
    )
    return Requirement(
        "MRE below the straight line for every n and every step from 2 on (at step 1 that line"
        " is exact)",
        words or "everywhere",
        not late,
    )


def _transfer(transfer: Transfer) -> Iterator[Requirement]:
    for rate, words in RATES.items():
        if rate in transfer.loss_ratios:
            yield _at_most(
                "validation loss of fine-tuning over that from scratch, every epoch, learning rate"
                f" {words}",
                max(transfer.loss_ratios[rate]),
                LOSS_RATIO,
            )


def _local_generator(generator: LocalGenerator) -> Iterator[Requirement]:
    minutes = generator.minutes
    yield Requirement(
        "local generator fitted in less than a minute, start of the program included",
        f"{60 * minutes:.0f} seconds",
        minutes < GENERATOR_MINUTES,
    )
    for n_sites in GENERATOR_N_SITES:
        if tested := generator.n_sites.get(n_sites):
            where = f"at step 250, n = {n_sites}"
            error, limit = tested.amplitude_error_250, GENERATOR_AMPLITUDE_ERROR
            yield _at_most(f"local generator: amplitude error {where}", error, limit)
            yield _at_most(f"local generator: MRE {where}", tested.mre_250, GENERATOR_MRE)


def _couplings(generator: LocalGenerator) -> Iterator[Requirement]:
    exact = generator.couplings(generator.generator).values()
    if exact:
        error = max(abs(value - true) for true, value, _ in exact)
        yield _at_most("local generator: error of the couplings", error, COUPLING_ERROR)
    noisy = generator.couplings(generator.generator_from_noisy_data).values()
    if noisy:
        what = f"local generator with noise of {generator.noise:g} on every amplitude"
        error = max(abs(value / true - 1) for true, value, _ in noisy)
        words = f"{what}: relative error of the couplings"
        yield _at_most(words, error, RELATIVE_ERROR_WITH_NOISE)
        deviation = max(abs(value - true) / bar for true, value, bar in noisy)
        words = f"{what}: distance of the couplings in error bars"
        yield _at_most(words, deviation, DEVIATIONS)


def _at_most(what: str, value: float | None, limit: float, where: str = "") -> Requirement:
    measured = "not finite" if value is None else f"{value:.2e}"
    holds = keeps(value, limit)
    return Requirement(f"{what}: at most {limit:.2g}", f"{measured}{where}", holds)


def _worst(
    by_n: Mapping[int, Tested],
    number_of: Callable[[Tested], float | None],
    choose: Callable[..., int],
) -> tuple[int, float | None]:
    """Returns the number of spins whose number is the worst, and that number."""
    numbers = {n: number_of(tested) for n, tested in by_n.items()}
    missing = [n for n, number in numbers.items() if number is None]
    n_sites = missing[0] if missing else choose(numbers, key=numbers.__getitem__)
    return n_sites, numbers[n_sites]
