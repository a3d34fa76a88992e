"""What stored trajectories obey, as manifests and run folders record it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from qtf.data.schema import GIVEN, Manifest
from qtf.physics import (
    DrivenHamiltonian,
    HamiltonianSettings,
    PauliSum,
    SampledFunction,
    build_driven,
)


@dataclass(frozen=True)
class RecordedLaw:
    """What trajectories obey, as far as it is known: i d/dt psi = H(t) psi with hbar = 1.

    Attributes:
        hamiltonian: Hamiltonian of chains of any length, without `n_sites`; None: not known.
        initial_states: Law of the states at t = 0; "given": the trajectories come from elsewhere.
        dt: Time step, in units of the inverse energy.
        drive: What is driven of it, see `qtf.physics.build_driven`; empty: H is constant.
    """

    hamiltonian: HamiltonianSettings | None
    initial_states: str
    dt: float
    drive: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @classmethod
    def from_record(cls, physics: Mapping[str, Any]) -> Self:
        """Returns the law that a run folder has recorded, beside other keys."""
        hamiltonian = physics["hamiltonian"]
        return cls(
            HamiltonianSettings.from_mapping(hamiltonian) if hamiltonian else None,
            physics["initial_states"],
            physics["dt"],
            tuple(physics.get("drive", ())),
        )

    def as_mapping(self) -> dict[str, Any]:
        """Returns what a run folder records; an unknown Hamiltonian is empty."""
        driven = {"drive": [dict(entry) for entry in self.drive]} if self.drive else {}
        return {
            "hamiltonian": self.hamiltonian.as_mapping() if self.hamiltonian else {},
            "initial_states": self.initial_states,
            "dt": self.dt,
            **driven,
        }

    @property
    def is_given(self) -> bool:
        """Whether the trajectories come from elsewhere, so that no others can be drawn."""
        return self.initial_states == GIVEN

    @property
    def conserves_energy(self) -> bool:
        """Whether there is a Hamiltonian and it is constant."""
        return self.hamiltonian is not None and not self.drive

    def describe(self) -> str:
        """Returns the system in a few words, for titles."""
        if self.hamiltonian is None:
            return "Given trajectories"
        return f"{self.hamiltonian.describe()}{', driven' if self.drive else ''}"

    def operator(self, n_sites: int) -> PauliSum | DrivenHamiltonian | None:
        """Returns the Hamiltonian of a chain, or None if it is not known."""
        if self.hamiltonian is None:
            return None
        sized = self.hamiltonian.with_n_sites(n_sites)
        return build_driven(sized, self.drive) if self.drive else sized.build()

    def as_manifest(self, n_sites: Iterable[int]) -> dict[str, Any]:
        """Returns what a manifest records, by the names of its attributes.

        Args:
            n_sites: Chain lengths of the folder.
        """
        operators: dict[str, Any] = {}
        drive = [{**entry, "operators": {}} for entry in self.drive]
        for n in sorted(n_sites):
            hamiltonian = self.operator(n)
            if isinstance(hamiltonian, DrivenHamiltonian):
                (_, hamiltonian), *driven = hamiltonian.terms
                for entry, (_, operator) in zip(drive, driven, strict=True):
                    entry["operators"][str(n)] = operator.to_dict()
            if hamiltonian is not None:
                operators[str(n)] = hamiltonian.to_dict()
        record = {**self.as_mapping(), "operators": operators, "drive": drive}
        # As it is read back: lists for tuples.
        return json.loads(json.dumps(record))

    def has_same_hamiltonian(self, other: "RecordedLaw", n_sites: int) -> bool:
        """Returns whether two laws have one Hamiltonian, as far as both know theirs."""
        if self.hamiltonian is None or other.hamiltonian is None:
            return True
        mine, theirs = (law.as_manifest([n_sites]) for law in (self, other))
        drives = [[_without_term(entry) for entry in law["drive"]] for law in (mine, theirs)]
        return mine["operators"] == theirs["operators"] and drives[0] == drives[1]

    def hamiltonian_in_words(self) -> str:
        """Returns the configuration of the Hamiltonian, for messages."""
        shown = self.as_mapping()
        return f"{shown['hamiltonian']}{' driven by ' + str(shown['drive']) if self.drive else ''}"

    def check_undriven(self, what: str) -> None:
        """Checks that the Hamiltonian does not depend on the time.

        Args:
            what: What needs that, to start the message.

        Raises:
            ValueError: It is driven.
        """
        if self.drive:
            raise ValueError(
                f"{what} needs a Hamiltonian that does not depend on the time, but the trajectories"
                " are driven."
            )


def _without_term(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "term"}


def law_of(manifest: Manifest) -> RecordedLaw:
    """Returns what the trajectories of a folder obey."""
    entries = ({k: v for k, v in entry.items() if k != "operators"} for entry in manifest.drive)
    return RecordedLaw.from_record(
        {
            "hamiltonian": manifest.hamiltonian,
            "initial_states": manifest.initial_states,
            "dt": manifest.dt,
            "drive": tuple(entries),
        }
    )


def hamiltonian_of(manifest: Manifest, n_sites: int) -> PauliSum | DrivenHamiltonian | None:
    """Returns the Hamiltonian that a manifest writes out for a chain, or None if it does not."""
    key = str(n_sites)
    if key not in manifest.operators:
        return None
    constant = PauliSum.from_dict(manifest.operators[key])
    if not manifest.drive:
        return constant
    driven = [
        (
            SampledFunction(entry["times"], entry["values"], entry["law"]),
            PauliSum.from_dict(entry["operators"][key]),
        )
        for entry in manifest.drive
    ]
    return DrivenHamiltonian([(1.0, constant), *driven])
