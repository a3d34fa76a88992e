"""Run folders of what shots have told, closed systems and open ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtf.measurements.result import ShotFit


@dataclass(frozen=True)
class Wanted:
    """The run folder that the flags ask for.

    Attributes:
        workdir: The folder.
        dt: Time step.
        n_steps: Steps of an open system; None: not given.
        n_sites: Spins of an open system; None: as many as were measured.
        preparation: Direction of all spins of an open system at time 0.
        preset: Size of its network.
        seed: Seed of its weights and samples.
    """

    workdir: str
    dt: float
    n_steps: int | None
    n_sites: int | None
    preparation: str
    preset: str
    seed: int

    def check(self, *, has_jumps: bool) -> None:
        """Checks the flags before anything is learned.

        Args:
            has_jumps: Whether rates of jumps are learned.

        Raises:
            ValueError: A flag is missing, or is for an open system.
        """
        if has_jumps and self.n_steps is None:
            raise ValueError(
                "Flag --n_steps must be given with --workdir and --jumps: an open system is"
                " followed for so many steps of --dt."
            )
        if not has_jumps and (self.n_steps is not None or self.n_sites is not None):
            raise ValueError(
                "Flags --n_steps and --n_sites are for open systems, with --jumps; a local"
                " generator has any number of both."
            )

    def write(self, fit: "ShotFit") -> list[str]:
        """Writes the run folder, and returns what is to be said of it.

        Raises:
            ValueError: What was learned is no such model, or the folder holds another run.
        """
        from qtf.quiet_import import import_tensorflow_quietly

        import_tensorflow_quietly()
        if fit.model.jumps:
            return self._follow(fit)
        from qtf.dynamics.generator_report import identify
        from qtf.shot_runs import as_learned_terms, write_run

        folder = write_run(fit, self.workdir, dt=self.dt)
        return [str(identify(as_learned_terms(fit))), f"Run folder: {folder}"]

    def _follow(self, fit: "ShotFit") -> list[str]:
        """Follows the open system that was learned in time, by a network of probabilities."""
        from qtf.api import evolve_open
        from qtf.measurements.learned import LearnedParameters

        n_sites = self.n_sites or fit.model.n_sites
        system = evolve_open(
            LearnedParameters.of_fit(fit).lindbladian(n_sites),
            self.preparation,
            dt=self.dt,
            n_steps=self.n_steps or 1,
            preset=self.preset,
            workdir=self.workdir,
            seed=self.seed,
        )
        means = ", ".join(f"<{p}> = {float(system.profile(p).mean.mean()):.4f}" for p in "XYZ")
        return [f"{system.title} at time {system.time:g}: {means}.", f"Run folder: {self.workdir}"]
