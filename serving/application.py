"""Puts models and endpoints together and runs them until a signal ends the process."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import cast

from absl import logging
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest

from serving.configuration import text_config
from serving.configuration.options import ServerOptions, WorkerOptions
from serving.endpoints.access import is_loopback
from serving.endpoints.grpc_server import GrpcServer
from serving.endpoints.http_server import HttpServer
from serving.endpoints.model_service import ModelService
from serving.endpoints.rest_app import RestApp
from serving.endpoints.service import Service
from serving.metrics import Metrics
from serving.models.repository import ModelRepository
from serving.page.explorable import ServedModel as PageModel
from serving.page.page import Page
from serving.status import Code, StatusError
from serving.workers.peers import Peers

_HEALTH_SECONDS = 0.5


async def serve(options: ServerOptions, announce: Callable[[int, int | None], None]) -> None:
    """Serves until SIGTERM or SIGINT, then answers what is in flight and ends the process.

    Args:
        options: Options of the server.
        announce: Called with the gRPC and the REST port once both answer.

    Raises:
        ValueError: A base path is missing or a label wrong.
        OSError: A port is taken.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    application = Application(options)
    starting = asyncio.create_task(application.start())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        announce(*starting.result())
        await stopped
    logging.info("Answering what is in flight, then the end.")
    starting.cancel()
    if not await application.stop():
        logging.warning("Runs of clients that have gone are left behind.")
    logging.flush()
    # Threads that load or compute for nobody cannot be stopped, and Python would wait for them.
    os._exit(0)


class Application:
    """Models, endpoints and the tasks that keep them up to date.

    Args:
        options: Options of the server.

    Raises:
        OSError: A port is taken, or a file cannot be read or written to.
        ValueError: The file of tokens is none.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        metrics = Metrics()
        self._models = ModelRepository(options.repository, metrics)
        service = Service(self._models, metrics, options.limits, options.access)
        self._peers = _peers(options, service) if options.worker else None
        service.peers = self._peers
        self._grpc = GrpcServer(
            service,
            options.host,
            options.port,
            tls=options.tls,
            with_health=options.with_health,
            with_reflection=options.with_reflection,
            as_content=options.as_content,
            socket=options.grpc_socket,
            arguments=options.grpc_arguments,
            is_shared=options.worker is not None,
        )
        self._http: HttpServer | None = None
        if options.rest_port >= 0:
            page = Page(self._describe) if options.with_page else None
            app = RestApp(
                service,
                page=page,
                metrics_route=options.metrics_route,
                is_local=is_loopback(options.host),
                with_cors=options.with_cors,
            )
            self._http = HttpServer(
                app,
                options.host,
                options.rest_port,
                read_seconds=options.limits.rest_seconds,
                drain_seconds=options.drain_seconds,
                is_shared=options.worker is not None,
            )
        self._tasks: list[asyncio.Task] = []

    async def start(self) -> tuple[int, int | None]:
        """Loads all models, then listens; returns the gRPC and the REST port.

        Raises:
            ValueError: A base path is missing or a label wrong.
        """
        try:
            await self._models.configure(self._options.models)
        except StatusError as error:
            # What cannot be loaded now may be whole after the next attempt.
            if error.code is not Code.UNKNOWN:
                raise ValueError(error.message) from error
            logging.error("%s", error.message)
        if self._peers is not None:
            await self._peers.start()
        await self._grpc.start()
        if self._http is not None:
            await self._http.start()
        await self._grpc.announce(ready=self._models.is_ready())
        background = (self._models.poll(), self._check_health(), self._reread_models())
        self._tasks = [asyncio.create_task(work) for work in background]
        return self._grpc.port, self._http.port if self._http else None

    async def stop(self) -> bool:
        """Refuses new requests, answers those in flight and unloads all models.

        Returns:
            Whether all of it was done within the time for it.
        """
        deadline = time.monotonic() + self._options.drain_seconds + 1.0
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._grpc.announce(ready=False)
        stopping = [self._grpc.stop(self._options.drain_seconds)]
        if self._http is not None:
            stopping.append(self._http.stop())
        await asyncio.gather(*stopping)
        if self._peers is not None:
            await self._peers.stop()
        try:
            async with asyncio.timeout_at(deadline):
                await self._models.close()
        except TimeoutError:
            return False
        return True

    async def _check_health(self) -> None:
        while True:
            await asyncio.sleep(_HEALTH_SECONDS)
            await self._grpc.announce(ready=self._models.is_ready())

    async def _reread_models(self) -> None:
        file = self._options.models_file
        seconds = self._options.models_file_poll_seconds
        while file is not None and seconds > 0:
            await asyncio.sleep(seconds)
            try:
                await self._models.configure(await asyncio.to_thread(text_config.read_models, file))
            except (ValueError, OSError, StatusError) as error:
                logging.error("Models stay as they were: %s", error)

    def _describe(self) -> list[PageModel]:
        described = []
        for model in self._models.models:
            try:
                with model.use() as (number, servable):
                    described.append(PageModel(model.config.name, number, servable.loaded.config))
            except StatusError:
                continue
        return described


def _peers(options: ServerOptions, service: Service) -> Peers:
    management = ModelService(service)

    async def reload(request: bytes) -> None:
        await management.configure(ReloadConfigRequest.FromString(request))

    return Peers(cast(WorkerOptions, options.worker), service.metrics, reload)
