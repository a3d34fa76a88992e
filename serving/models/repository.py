"""All served models by name: configured, polled, looked up."""

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from absl import logging

from serving.configuration.options import ModelConfig, RepositoryOptions
from serving.metrics import Metrics, microseconds
from serving.models.batching import BatchedExecution
from serving.models.execution import DirectExecution, Execution
from serving.models.loaded_version import LoadedVersion
from serving.models.served_model import (
    Servable,
    ServedModel,
    Version,
    servable_not_found,
)
from serving.models.warm_up import warm_up
from serving.status import Code, StatusError, invalid_argument, not_found

_PLATFORM = "tensorflow"
# Dropped models whose last states are still told.
_MOST_DROPPED = 100


class ModelRepository:
    """What is served, under which names.

    Args:
        options: Rules for loading and running models.
        metrics: Metrics that record times.
    """

    def __init__(self, options: RepositoryOptions, metrics: Metrics) -> None:
        self._options = options
        self._metrics = metrics
        self._models: dict[str, ServedModel] = {}
        self._dropped: dict[str, ServedModel] = {}
        self._executor = ThreadPoolExecutor(options.n_concurrent, "session")
        self._one_load = threading.Lock()
        self._one_change = asyncio.Lock()
        n_batches = options.batching.num_batch_threads if options.batching else 1
        self._batch_threads = asyncio.Semaphore(n_batches)
        self._closing: set[asyncio.Task] = set()

    @property
    def models(self) -> list[ServedModel]:
        """All models in the order of their names."""
        return [self._models[name] for name in sorted(self._models)]

    async def configure(self, configs: Sequence[ModelConfig]) -> None:
        """Replaces the list of models and waits until each new one was loaded or failed once.

        Raises:
            StatusError: A base path is missing, a label points to a version that is not
                available, or a new model cannot be loaded. Only in the last case was
                anything changed: the list is in place, and loading will be tried again.
        """
        async with self._one_change:
            self._check_models(configs)
            self._check_labels(config for config in configs if config.name in self._models)
            new = [config.name for config in configs if config.name not in self._models]
            self._drop({config.name for config in configs})
            for config in configs:
                self._adopt(config)
            await asyncio.gather(*(model.refresh() for model in self.models))
            await asyncio.gather(*(self._models[name].first_attempts() for name in new))
            failed = [name for name in new if self._models[name].failure() is not None]
            loaded = [config for config in configs if config.name not in failed]
            self._check_labels(loaded)
            for config in loaded:
                self._models[config.name].labels = dict(config.labels)
            if failed:
                raise self._not_available(failed)

    async def poll(self) -> None:
        """Looks at all base paths again and again, until cancelled."""
        while self._options.poll_seconds > 0:
            await asyncio.sleep(self._options.poll_seconds)
            async with self._one_change:
                await asyncio.gather(*(model.refresh() for model in self.models))

    def use(
        self, name: str, *, version: int | None = None, label: str | None = None
    ) -> AbstractContextManager[tuple[int, Servable]]:
        """Holds a version of a model; see `ServedModel.use`.

        Raises:
            StatusError: NOT_FOUND or INVALID_ARGUMENT, there is no such model, version or
                label.
        """
        model = self._models.get(name)
        if label is not None:
            if model is None or label not in model.labels:
                raise invalid_argument(f"Unrecognized servable version label: {label}")
            version = model.labels[label]
        if model is None:
            raise not_found(servable_not_found(name, version))
        return model.use(version)

    def versions(self, name: str, version: int | None = None) -> list[Version]:
        """Returns all versions of a model, or the one asked for, newest first.

        Raises:
            StatusError: NOT_FOUND, there is none.
        """
        model = self._models.get(name) or self._dropped.get(name)
        versions = [v for v in model.versions if version in (None, v.number)] if model else []
        if not versions:
            what = "any versions" if version is None else f"version {version}"
            raise not_found(f"Could not find {what} of model {name}")
        return versions

    def knows(self, name: str) -> bool:
        """Whether a model of this name is served, or was until a while ago."""
        return name in self._models or name in self._dropped

    def is_ready(self) -> bool:
        """Whether any model answers requests; one that is broken does not stop the others."""
        return not self._models or any(
            model.is_available(version.number)
            for model in self.models
            for version in model.versions
        )

    async def close(self) -> None:
        """Unloads all models, after the requests that use them."""
        self._drop(set())
        await asyncio.gather(*self._closing)
        self._executor.shutdown(wait=False)

    def _check_models(self, configs: Sequence[ModelConfig]) -> None:
        for config in configs:
            served = self._models.get(config.name)
            if config.platform != _PLATFORM:
                raise invalid_argument(_wrong_platform(config, is_served=served is not None))
            if served and served.config.base_path == config.base_path:
                continue
            if not config.base_path.is_dir():
                raise invalid_argument(
                    f"Could not find base path {config.base_path} for model {config.name}"
                )

    def _drop(self, kept: set[str]) -> None:
        for name in set(self._models) - kept:
            self._dropped[name] = self._models.pop(name)
            closing = asyncio.create_task(self._dropped[name].close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for name in list(self._dropped)[:-_MOST_DROPPED]:
            del self._dropped[name]

    def _adopt(self, config: ModelConfig) -> None:
        model = self._models.get(config.name)
        if model is None:
            self._dropped.pop(config.name, None)
            self._models[config.name] = ServedModel(config, self._load, self._options.retries)
        else:
            model.config = config

    def _check_labels(self, configs: Iterable[ModelConfig]) -> None:
        for config in configs:
            for label, number in config.labels.items():
                if not self._may_point(label, number, self._models[config.name]):
                    raise StatusError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {config.name}, "
                        "which is not currently available for inference",
                    )

    def _may_point(self, label: str, number: int, model: ServedModel) -> bool:
        if model.is_available(number):
            return True
        return self._options.early_labels and model.labels.get(label, number) == number

    def _not_available(self, names: Sequence[str]) -> StatusError:
        failures = [(name, self._models[name].failure()) for name in names]
        reasons = ", ".join(
            f"{{name: {name} version: {version.number} due to error: {version.error.message}}}"
            for name, version in failures
            if version is not None and version.error is not None
        )
        return StatusError(
            Code.UNKNOWN, f"{len(names)} model(s) did not become available: {reasons}"
        )

    def _load(self, name: str, number: int, path: Path) -> Servable:
        """Loads a version in a thread, one at a time."""
        with self._one_load:
            loaded = LoadedVersion(
                name,
                number,
                path,
                n_threads=self._options.n_threads,
                n_threads_across=self._options.n_threads_across,
                tags=self._options.tags,
            )
            try:
                if self._options.warm_up:
                    self._warm_up(loaded)
                return Servable(loaded, self._execution(loaded))
            except StatusError:
                loaded.close()
                raise

    def _warm_up(self, loaded: LoadedVersion) -> None:
        started = time.monotonic()
        status = "OK"
        try:
            n_requests = warm_up(loaded, n_times=self._options.n_warm_ups)
        except StatusError as error:
            status = error.code.name
            raise
        else:
            if n_requests:
                logging.info("Warmed up %s with %d requests.", loaded.path, n_requests)
        finally:
            elapsed = microseconds(time.monotonic() - started)
            self._metrics.warm_up_latency.observe(str(loaded.path), status, value=elapsed)

    def _execution(self, loaded: LoadedVersion) -> Execution:
        direct = DirectExecution(loaded, self._executor, self._metrics)
        batching = self._options.batching
        if batching is None and loaded.config is not None:
            batching = self._options.batching_of_exports
        if batching is None:
            return direct
        return BatchedExecution(direct, batching, self._batch_threads, self._metrics)


def _wrong_platform(config: ModelConfig, *, is_served: bool) -> str:
    if is_served:
        return (
            f"Illegal to change a model's platform. For model {config.name} platform was "
            f"{_PLATFORM} and new platform requested is {config.platform}"
        )
    return f"Model {config.name} requests unsupported platform {config.platform}"
