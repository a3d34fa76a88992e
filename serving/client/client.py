"""The client itself: complex states in, complex trajectories out."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from serving.client.address import Address, Certificates
from serving.client.answers import (
    OBSERVABLE_NAMES,
    Metadata,
    Observables,
    StreamState,
    Trajectory,
    VersionStatus,
    metadata_from,
    statuses_from,
)
from serving.client.deadline import Answer, Deadline, with_retries
from serving.client.errors import ServingError, unusable_answer
from serving.client.sampled import (
    GroundState,
    OpenSystem,
    Samples,
    checked_n_samples,
    checked_output_rows,
    checked_rows,
    column,
    seeds_of,
)
from serving.client.states import (
    checked_batch,
    checked_course,
    checked_n_steps,
    checked_output,
    join_parts,
    parts,
)
from serving.client.transport import ModelName, Transport
from serving.status import Code

# What a model that is not served yet may answer.
_NOT_YET = {
    Code.NOT_FOUND,
    Code.UNAVAILABLE,
    Code.RESOURCE_EXHAUSTED,
    Code.DEADLINE_EXCEEDED,
    Code.FAILED_PRECONDITION,
}
# Rows of a request about samples, unless told otherwise; exports take 4096.
_MOST_ROWS = 1024
_SHORTEST_POLL = 0.2
_LONGEST_POLL = 2.0


class Client:
    """A client of one model on one server; safe to use from many threads.

    Requests that meet an overloaded or absent server are repeated, with growing random
    delays, until the deadline; all other errors are raised at once. A prediction changes
    nothing on the server, so repeating it is harmless.

    Args:
        address: `host:port` for gRPC, `http://host:port` for REST; `grpcs://` or
            `https://` for TLS. gRPC is faster, but imports TensorFlow (seconds); REST
            needs NumPy only.
        model: Name that the model is served under.
        version: Number of a version; None for the newest.
        label: Label of a version, instead of `version`.
        timeout: Seconds for a call, repetitions included.
        max_batch: Longer batches are sent in pieces of so many states, one after another,
            all to one version; None sends every batch whole.
        certificate: PEM file of the authority that signed the server's certificate; None
            trusts those of the machine. With it, `host:port` means TLS.
        client_certificate: PEM files (certificate, private key) for a server that asks
            who we are.
        token: Token for a server that asks for one.

    Raises:
        ValueError: An argument is not allowed.
        FileNotFoundError: A certificate does not exist.

    Example:
        >>> client = Client("http://127.0.0.1:8501", model="ising", timeout=5.0)
        >>> client.close()
    """

    def __init__(
        self,
        address: str,
        *,
        model: str = "ising",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 30.0,
        max_batch: int | None = None,
        certificate: Path | str | None = None,
        client_certificate: tuple[Path | str, Path | str] | None = None,
        token: str | None = None,
    ) -> None:
        has_certificate = certificate is not None or client_certificate is not None
        where = Address.parse(address, has_certificate=has_certificate)
        self._model = _checked_model(model, version, label)
        self._timeout = _checked_positive("timeout", timeout)
        self._max_batch = None if max_batch is None else _checked_count("max_batch", max_batch)
        certificates = Certificates.at(certificate, client_certificate)
        self._transport = _transport(where, certificates, _checked_token(token))
        self._is_closed = False

    def rollout(self, psi0: ArrayLike, n_steps: int) -> Trajectory:
        """Returns the predicted states at steps 0 to `n_steps`.

        Args:
            psi0: Normalised state (2**n,) or states (batch, 2**n), real or complex.
            n_steps: Number of steps.

        Raises:
            ValueError: An argument cannot be sent.
            ServingError: The server refused the request or could not be reached.
        """
        states, is_single = checked_batch("psi0", psi0)
        tails = dict.fromkeys(("psi_re", "psi_im"), states.shape[1:])
        outputs, version = self._over_time("rollout", states, checked_n_steps(n_steps), tails)
        psi = join_parts(outputs["psi_re"], outputs["psi_im"])
        return Trajectory(psi[0] if is_single else psi, version)

    def observables(self, psi0: ArrayLike, n_steps: int) -> Observables:
        """Returns norm, magnetisations and, if it has one, energy of the predicted states.

        The answer is small, however large the states.

        Args:
            psi0: Normalised state (2**n,) or states (batch, 2**n), real or complex.
            n_steps: Number of steps.

        Raises:
            ValueError: An argument cannot be sent.
            ServingError: The server refused the request or could not be reached.
        """
        states, is_single = checked_batch("psi0", psi0)
        tails = dict.fromkeys(OBSERVABLE_NAMES, ())
        outputs, version = self._over_time(
            "observables", states, checked_n_steps(n_steps), tails, optional=("energy",)
        )
        if is_single:
            outputs = {name: values[0] for name, values in outputs.items()}
        return Observables(**outputs, version=version)

    def start(self, psi0: ArrayLike) -> StreamState:
        """Returns the state from which `step` goes on, bound to the version served now.

        Args:
            psi0: State (2**n,) or states (batch, 2**n).

        Raises:
            ValueError: The states cannot be sent.
            ServingError: The model has no signature `step`, or the server could not be
                reached.
        """
        states, is_single = checked_batch("psi0", psi0)
        served = self.metadata()
        try:
            shape = served.signatures["step"].inputs["cells"].shape
            _, *sizes = cast("tuple[int, ...]", shape)
            cells = np.zeros((len(states), *sizes), np.float32)
        except (KeyError, TypeError) as error:
            raise unusable_answer("no signature `step` with `cells`.") from error
        return StreamState(states[0] if is_single else states, cells, served.version)

    def step(self, state: StreamState) -> StreamState:
        """Returns the state one time step later.

        Args:
            state: Result of `start` or of the last `step`.

        Raises:
            ServingError: The server refused the request or could not be reached;
                NOT_FOUND when the version that began is no longer served.
        """
        states, is_single = checked_batch("state", state.psi)
        inputs = {**parts("psi", states), "cells": state.cells}
        model = ModelName(self._model.name, state.version)
        outputs, _ = self._predict("step", inputs, model, Deadline(self._timeout))
        psi = join_parts(
            *(checked_output(outputs, f"psi_{part}", states.shape) for part in ("re", "im"))
        )
        cells = checked_output(outputs, "cells", state.cells.shape)
        return StreamState(psi[0] if is_single else psi, cells, state.version)

    def stream(self, psi0: ArrayLike, n_steps: int | None = None) -> Iterator[np.ndarray]:
        """Returns an iterator over the states of `rollout`, computed one at a time.

        The network's memory travels with each request, so no step is computed twice. Each
        step has the whole timeout.

        Args:
            psi0: State (2**n,) or states (batch, 2**n).
            n_steps: Number of steps after the initial state; None goes on without end.

        Raises:
            ValueError: An argument cannot be sent.
            ServingError: As `start` and, while iterating, as `step`.
        """
        n_steps = None if n_steps is None else checked_n_steps(n_steps)
        return self._stream(self.start(psi0), n_steps)

    def ground_state(self, n_samples: int = 1024, *, seed: int = 0) -> GroundState:
        """Returns energy and magnetisations of a served wave function, with error bars.

        Args:
            n_samples: Number of samples, at least 2.
            seed: From 0 on; the same seed gives the same samples.

        Raises:
            ValueError: An argument is not allowed.
            ServingError: The server refused the request or could not be reached.
        """
        names = ("local_energy_re", "local_energy_im", "magnetization", "abs_magnetization")
        values, version, n_sites = self._measured("bits", names, n_samples, seed)
        return GroundState.of(values, n_sites, version)

    def open_system(self, n_samples: int = 1024, *, seed: int = 0) -> OpenSystem:
        """Returns <X>, <Y>, <Z> and correlators of a served open system, with error bars.

        Args:
            n_samples: Number of samples, at least 2.
            seed: From 0 on; the same seed gives the same samples.

        Raises:
            ValueError: An argument is not allowed.
            ServingError: The server refused the request or could not be reached.
        """
        names = ("x", "y", "z")
        values, version, _ = self._measured("outcomes", names, n_samples, seed)
        return OpenSystem.of(values, version)

    def sample(self, n_samples: int, *, seed: int = 0) -> Samples:
        """Returns samples of a served wave function or open system.

        Args:
            n_samples: Number of samples, at least 2.
            seed: From 0 on; the same seed gives the same samples.

        Raises:
            ValueError: An argument is not allowed.
            ServingError: The server refused the request or could not be reached.
        """
        inputs = {"seed": seeds_of(seed, checked_n_samples(n_samples))}
        outputs, version = self._in_pieces("sample", inputs)
        is_open = "outcomes" in outputs
        values = checked_output_rows(outputs, "outcomes" if is_open else "bits", n_samples)
        logs = column(outputs, "log_prob" if is_open else "log_modulus", n_samples)
        phase = None if is_open else column(outputs, "phase", n_samples)
        log_prob = logs.astype(np.float64) * (1.0 if is_open else 2.0)
        return Samples(values, log_prob, phase, version)

    def log_psi(self, bits: ArrayLike) -> np.ndarray:
        """Returns the logarithms of a served wave function, complex128 (n,).

        Args:
            bits: Configurations (n, n_sites), 0 is up.

        Raises:
            ValueError: An argument cannot be sent.
            ServingError: The server refused the request or could not be reached.
        """
        rows = checked_rows("bits", bits)
        outputs, _ = self._in_pieces("log_psi", {"bits": rows})
        modulus, phase = (column(outputs, name, len(rows)) for name in ("log_modulus", "phase"))
        return modulus.astype(np.float64) + 1j * phase.astype(np.float64)

    def log_prob(self, outcomes: ArrayLike) -> np.ndarray:
        """Returns the logarithms of the probabilities of a served open system, float64 (n,).

        Args:
            outcomes: Outcomes (n, n_sites), 0 to 3.

        Raises:
            ValueError: An argument cannot be sent.
            ServingError: The server refused the request or could not be reached.
        """
        rows = checked_rows("outcomes", outcomes)
        outputs, _ = self._in_pieces("log_prob", {"outcomes": rows})
        return column(outputs, "log_prob", len(rows)).astype(np.float64)

    def status(self) -> list[VersionStatus]:
        """Returns the state of every version of the model, or of the chosen version.

        Raises:
            ServingError: The model is unknown, or the server could not be reached.
        """
        model = replace(self._model, label=None)
        return statuses_from(self._try(lambda until: self._transport.status(model, until)))

    def metadata(self) -> Metadata:
        """Returns which version answers now, and its signatures.

        Raises:
            ServingError: The model is not served, or the server could not be reached.
        """
        return self._metadata(Deadline(self._timeout))

    def wait_until_ready(self, timeout: float = 60.0) -> int:
        """Waits until the model answers and returns the version that does.

        Args:
            timeout: Seconds to wait at most; the client's own timeout does not count.

        Raises:
            ServingError: The last answer, when the model was not ready in time; at once if
                waiting cannot help.
        """
        deadline = Deadline(_checked_positive("timeout", timeout))
        # An unknown label is an invalid argument until the server has learned it.
        awaited = _NOT_YET | ({Code.INVALID_ARGUMENT} if self._model.label else set())
        while True:
            seconds = min(deadline.remaining(), _LONGEST_POLL)
            try:
                return self._metadata(Deadline(max(seconds, _SHORTEST_POLL))).version
            except ServingError as error:
                if error.code not in awaited:
                    raise
                if deadline.remaining() <= _SHORTEST_POLL:
                    text = f"Not ready after {timeout:g} s: {error.message}"
                    raise ServingError(error.code, text) from error
            time.sleep(_SHORTEST_POLL)

    def close(self) -> None:
        """Closes all connections; the client cannot be used any more."""
        self._is_closed = True
        self._transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _measured(
        self, rows: str, names: Sequence[str], n_samples: int, seed: int
    ) -> tuple[dict[str, np.ndarray], int | None, int]:
        """Returns values of samples, the version, and the number of sites.

        Args:
            rows: What samples are called, whose width is the number of sites.
            names: Values that there must be.
            n_samples: Number of samples.
            seed: As the caller says.
        """
        inputs = {"seed": seeds_of(seed, checked_n_samples(n_samples))}
        signature = self.metadata().signatures.get("sample")
        drawn = None if signature is None else signature.outputs.get(rows)
        shape = None if drawn is None else drawn.shape
        if not shape or shape[-1] is None:
            raise unusable_answer(f"no signature `sample` with `{rows}` of a fixed width.")
        outputs, version = self._in_pieces("observables", inputs)
        found = {name: column(outputs, name, n_samples) for name in {*names, *outputs}}
        return found, version, shape[-1]

    def _in_pieces(
        self, signature: str, inputs: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], int | None]:
        """Calls a signature whose rows do not depend on one another, some rows at a time."""
        deadline, model = Deadline(self._timeout), self._model
        ((name, rows),) = inputs.items()
        size = self._max_batch or _MOST_ROWS
        starts = range(0, len(rows), size)
        if len(starts) > 1 and model.version is None:
            model = ModelName(model.name, self._metadata(deadline).version)
        answers = [
            self._predict(signature, {name: rows[start : start + size]}, model, deadline)
            for start in starts
        ]
        outputs = {
            key: np.concatenate([answer[key] for answer, _ in answers]) for key in answers[0][0]
        }
        return outputs, answers[0][1]

    def _over_time(
        self,
        signature: str,
        states: np.ndarray,
        n_steps: int,
        tails: Mapping[str, tuple[int, ...]],
        *,
        optional: Collection[str] = (),
    ) -> tuple[dict[str, np.ndarray], int | None]:
        """Predicts piece by piece; output `name` has shape (batch, n_steps + 1, *tails[name])."""
        deadline, model = Deadline(self._timeout), self._model
        size = self._max_batch or len(states)
        pieces = [states[start : start + size] for start in range(0, len(states), size)]
        if len(pieces) > 1 and model.version is None:
            model = ModelName(model.name, self._metadata(deadline).version)
        chunks: dict[str, list[np.ndarray]] = {name: [] for name in tails}
        for piece in pieces:
            inputs = {**parts("psi0", piece), "n_steps": np.full(len(piece), n_steps, np.int32)}
            outputs, version = self._predict(signature, inputs, model, deadline)
            for name, tail in tails.items():
                if name in optional and name not in outputs:
                    continue
                shape = (len(piece), n_steps + 1, *tail)
                chunks[name].append(checked_course(outputs, name, shape))
        courses = {name: np.concatenate(arrays) for name, arrays in chunks.items() if arrays}
        return courses, version

    def _stream(self, state: StreamState, n_steps: int | None) -> Iterator[np.ndarray]:
        yield state.psi
        taken = 0
        while n_steps is None or taken < n_steps:
            state = self.step(state)
            taken += 1
            yield state.psi

    def _predict(
        self, signature: str, inputs: dict[str, np.ndarray], model: ModelName, deadline: Deadline
    ) -> tuple[dict[str, np.ndarray], int | None]:
        return self._try(
            lambda until: self._transport.predict(model, signature, inputs, until), deadline
        )

    def _metadata(self, deadline: Deadline) -> Metadata:
        return metadata_from(
            self._try(lambda until: self._transport.metadata(self._model, until), deadline)
        )

    def _try(
        self, request: Callable[[Deadline], Answer], deadline: Deadline | None = None
    ) -> Answer:
        if self._is_closed:
            raise ValueError("The client is closed.")
        return with_retries(request, deadline or Deadline(self._timeout))


def _transport(address: Address, certificates: Certificates, token: str | None) -> Transport:
    # Each is imported only where it is used: gRPC brings TensorFlow with it.
    if address.is_rest:
        from serving.client.rest_transport import RestTransport

        return RestTransport(address, certificates, token)
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from serving.client.grpc_transport import GrpcTransport

    return GrpcTransport(address, certificates, token)


def _checked_model(name: object, version: object, label: object) -> ModelName:
    if not isinstance(name, str) or not name:
        raise ValueError(f"Argument `model` must be the name of a model, but is {name!r}.")
    if version is not None and label is not None:
        raise ValueError(
            f"Argument `label` must be None when `version` is given, but is {label!r}."
        )
    if label is not None and (not isinstance(label, str) or not label):
        raise ValueError(f"Argument `label` must be a text, but is {label!r}.")
    return ModelName(
        name, None if version is None else _checked_count("version", version, 0), label
    )


def _checked_token(token: object) -> str | None:
    if token is None:
        return None
    # Anything else cannot be sent in a header.
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise ValueError("Argument `token` must be a text of printable ASCII characters.")
    return token


def _checked_count(name: str, value: object, minimum: int = 1) -> int:
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_number or not minimum <= cast(int, value) < 2**63:
        raise ValueError(
            f"Argument `{name}` must be an integer of at least {minimum}, but is {value!r}."
        )
    return int(cast(int, value))


def _checked_positive(name: str, value: object) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not 0 < cast(float, value) < float("inf"):
        raise ValueError(f"Argument `{name}` must be positive and finite, but is {value!r}.")
    return float(cast(float, value))
