"""Which versions of a model are wanted, of those that its base path holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
        FileSystemStoragePathSourceConfig,
    )


@dataclass(frozen=True)
class VersionPolicy:
    """The newest versions, all of them, or some by their number.

    Attributes:
        latest: Number of the newest versions that are wanted; None for another rule.
        specific: Version numbers; without these and `latest`, all versions.
    """

    latest: int | None = 1
    specific: tuple[int, ...] = ()

    @classmethod
    def from_proto(
        cls, proto: "FileSystemStoragePathSourceConfig.ServableVersionPolicy"
    ) -> "VersionPolicy":
        """Reads a `ServableVersionPolicy`.

        Raises:
            ValueError: A count is not positive, or no version is named.
        """
        match proto.WhichOneof("policy_choice"):
            case "all":
                return cls(latest=None)
            case "specific":
                if not proto.specific.versions:
                    raise ValueError("A specific version policy must name a version.")
                return cls(latest=None, specific=tuple(proto.specific.versions))
            case "latest" if proto.latest.num_versions < 0:
                raise ValueError(
                    f"Field `num_versions` must be positive, but is {proto.latest.num_versions}."
                )
            case "latest":
                return cls(latest=proto.latest.num_versions or 1)
        return cls()

    def select(self, available: dict[int, Path]) -> dict[int, Path]:
        """Returns the wanted ones of `available`, oldest first."""
        versions = sorted(available)
        if self.latest is not None:
            versions = versions[-self.latest :]
        elif self.specific:
            versions = [version for version in versions if version in self.specific]
        return {version: available[version] for version in versions}


def versions_in(base_path: Path) -> dict[int, Path]:
    """Returns version number -> folder for every child whose name is a number.

    Other names, such as those of versions that are still being written, are skipped.

    Raises:
        OSError: The base path does not exist or cannot be read.
    """
    return {
        int(child.name): child
        for child in sorted(base_path.iterdir())
        if child.name.isascii() and child.name.isdigit() and int(child.name) < 2**63
    }
