"""One model over time: its versions are found, loaded, swapped and unloaded.

Everything here runs in one event loop, so its state needs no locks; files are read and
models loaded in threads.
"""

import asyncio
import enum
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from absl import logging

from serving.configuration.options import ModelConfig, RetryOptions
from serving.configuration.version_policy import versions_in
from serving.models.execution import Execution
from serving.models.loaded_version import LoadedVersion
from serving.status import Code, StatusError, not_found


class State(enum.IntEnum):
    """Where a version stands, numbered as in `ModelVersionStatus`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Servable:
    """A loaded version and the way to run it."""

    loaded: LoadedVersion
    execution: Execution


@dataclass(eq=False)
class Version:
    """One version and what became of it.

    Attributes:
        number: Version number.
        path: Folder of the version.
        state: State of the version.
        error: Why the last attempt to load it failed.
        servable: Object that answers requests, while it is available.
    """

    number: int
    path: Path
    state: State = State.START
    error: StatusError | None = None
    servable: Servable | None = None
    n_in_use: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    attempted: asyncio.Event = field(default_factory=asyncio.Event)


class ServedModel:
    """A name under which versions of a SavedModel are served.

    Args:
        config: Name, base path, policy.
        load: Loads and warms up a version; runs in a thread, raises `StatusError`.
        retries: Rules for loads that fail.
    """

    def __init__(
        self,
        config: ModelConfig,
        load: Callable[[str, int, Path], Servable],
        retries: RetryOptions,
    ) -> None:
        self.config = config
        self.labels: dict[str, int] = {}
        self._load = load
        self._retries = retries
        self._versions: dict[int, Version] = {}
        self._wanted: set[int] = set()
        self._tasks: set[asyncio.Task] = set()
        self._warned = False

    @property
    def versions(self) -> list[Version]:
        """All versions that were ever wanted, newest first."""
        return sorted(self._versions.values(), key=lambda version: -version.number)

    @contextmanager
    def use(self, number: int | None = None) -> Iterator[tuple[int, Servable]]:
        """Holds an available version, the newest by default, so that it stays loaded.

        Yields:
            Version number and what answers.

        Raises:
            StatusError: NOT_FOUND, no such version is available.
        """
        version = self._available(number)
        version.n_in_use += 1
        version.idle.clear()
        try:
            yield version.number, cast(Servable, version.servable)
        finally:
            version.n_in_use -= 1
            if version.n_in_use == 0:
                version.idle.set()

    def is_available(self, number: int) -> bool:
        """Whether a version answers requests at this moment."""
        version = self._versions.get(number)
        return version is not None and version.state is State.AVAILABLE

    def failure(self) -> Version | None:
        """Returns the newest version that failed, None while any version is available."""
        if any(version.state is State.AVAILABLE for version in self.versions):
            return None
        return next((v for v in self.versions if v.error is not None), None)

    async def refresh(self) -> None:
        """Looks at the base path; starts to load what is new and to unload what is not wanted."""
        available = await asyncio.to_thread(self._find)
        if available is None:
            return
        wanted = self.config.policy.select(available)
        self._wanted = set(wanted)
        for number, path in wanted.items():
            version = self._versions.get(number)
            if version is None or (version.state is State.END and version.error is None):
                self._start_loading(number, path)
        self._forget_failures()
        self._retire()

    async def first_attempts(self) -> None:
        """Waits until every wanted version was loaded or failed once."""
        wanted = [self._versions[number] for number in self._wanted]
        await asyncio.gather(*(version.attempted.wait() for version in wanted))

    async def close(self) -> None:
        """Unloads everything, after the requests that use it."""
        self._wanted = set()
        loading = [task for task in self._tasks if task.get_name() == "load"]
        for task in loading:
            task.cancel()
        await asyncio.gather(*loading, return_exceptions=True)
        self._retire()
        await asyncio.gather(*self._tasks)

    def _find(self) -> dict[int, Path] | None:
        base_path = self.config.base_path
        try:
            available = versions_in(base_path)
        except OSError as error:
            logging.error("Base path %s cannot be read: %s.", base_path, error.strerror)
            return None
        if not available and not self._warned:
            logging.warning(
                "No versions of model %s found under base path %s. "
                "Versions are folders whose names are numbers.",
                self.config.name,
                base_path,
            )
        self._warned = not available
        return available

    def _available(self, number: int | None) -> Version:
        candidates = [
            version
            for version in self._versions.values()
            if version.state is State.AVAILABLE and number in (None, version.number)
        ]
        if not candidates:
            raise not_found(servable_not_found(self.config.name, number))
        return max(candidates, key=lambda version: version.number)

    def _start_loading(self, number: int, path: Path) -> None:
        version = self._versions[number] = Version(number, path)
        self._start(self._load_with_retries(version), "load")

    async def _load_with_retries(self, version: Version) -> None:
        version.state = State.LOADING
        try:
            for attempt in range(1 + self._retries.n_retries):
                if attempt:
                    await asyncio.sleep(self._retries.interval)
                if version.number not in self._wanted or await self._attempt(version):
                    break
        finally:
            if version.servable is None:
                version.state = State.END
                if version.error is None and version.number in self._wanted:
                    version.error = StatusError(Code.INTERNAL, "Loading failed; see the log.")
            version.attempted.set()
            self._retire()

    async def _attempt(self, version: Version) -> bool:
        name = self.config.name
        try:
            # A load that has begun cannot be stopped, only outlived.
            version.servable = await asyncio.shield(
                asyncio.to_thread(self._load, name, version.number, version.path)
            )
        except StatusError as error:
            version.error = error
            version.attempted.set()
            logging.error("Version %d of %s failed: %s", version.number, name, error.message)
            return False
        version.error = None
        version.state = State.AVAILABLE
        version.idle.set()
        logging.info("Version %d of %s is available.", version.number, name)
        return True

    def _retire(self) -> None:
        """Unloads versions that are not wanted, once a wanted one can take over."""
        if self._wanted and not any(self.is_available(number) for number in self._wanted):
            return
        for version in self.versions:
            if version.state is State.AVAILABLE and version.number not in self._wanted:
                version.state = State.UNLOADING
                self._start(self._unload(version), "unload")

    async def _unload(self, version: Version) -> None:
        await version.idle.wait()
        servable, version.servable = version.servable, None
        if servable is not None:
            await asyncio.to_thread(servable.loaded.close)
        version.state = State.END
        logging.info("Version %d of %s is unloaded.", version.number, self.config.name)

    def _forget_failures(self) -> None:
        """A failed version is tried afresh only after its folder was gone for a while."""
        for version in self.versions:
            if version.error is not None and version.number not in self._wanted:
                version.attempted.set()
                if version.state is State.END:
                    del self._versions[version.number]

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # A defect of ours; the version's status says that it failed.
            logging.error("%s failed.", self.config.name, exc_info=task.exception())


def servable_not_found(name: str, number: int | None) -> str:
    """Returns what a client reads that asks for the newest or a specific version in vain."""
    asked = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return f"Servable not found for request: {asked}"


def error_status(version: Version) -> tuple[Code, str]:
    """Returns code and message of the last failure of a version, OK without one."""
    if version.error is None:
        return Code.OK, ""
    return version.error.code, version.error.message
