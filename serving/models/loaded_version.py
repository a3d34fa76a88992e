"""One version of a SavedModel in a TensorFlow session, as TensorFlow Serving holds it."""

import contextlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from qtf.files import literal_path
from serving.models.graph_cost import is_bounded
from serving.models.session_run import SessionRun
from serving.protocol.signature import Signature, is_runnable
from serving.status import Code, StatusError

SERVE_TAG = "serve"
# TensorFlow keeps for ever what it prepares for a choice of outputs, and clients choose.
MOST_CHOICES = 16


class LoadedVersion:
    """A version in memory, ready to run.

    Attributes:
        name: Name of the model.
        version: Version number.
        path: Folder of the SavedModel.
        signatures: Signature key -> signature.

    Args:
        name: Name of the model.
        version: Version number.
        path: Folder of the SavedModel.
        n_threads: Threads inside operations; 0 for one a core.
        n_threads_across: Threads that run operations beside one another; likewise.
        tags: Tags of the graph.

    Raises:
        StatusError: The folder holds no SavedModel that can be served.
    """

    def __init__(
        self,
        name: str,
        version: int,
        path: Path,
        *,
        n_threads: int = 0,
        n_threads_across: int = 0,
        tags: Sequence[str] = (SERVE_TAG,),
    ) -> None:
        self.name = name
        self.version = version
        self.path = path
        self._runs: dict[str, dict[tuple[str, ...], SessionRun]] = {}
        self._lock = threading.Lock()
        self._n_running = 0
        self._idle = threading.Condition()
        if not (path / "saved_model.pb").is_file() and not (path / "saved_model.pbtxt").is_file():
            raise StatusError(
                Code.NOT_FOUND,
                "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
                f"{path}",
            )
        with contextlib.ExitStack() as stack:
            # As long as the version lives: a graph may read its assets at any time.
            config = tf.compat.v1.ConfigProto(
                intra_op_parallelism_threads=n_threads,
                inter_op_parallelism_threads=n_threads_across,
            )
            self._session, self._meta_graph = _load(path, stack, config, tags)
            self._folder = stack.pop_all()
        self.signatures = {
            key: Signature.from_proto(key, proto)
            for key, proto in self.signature_protos.items()
            if is_runnable(proto)
        }

    @property
    def signature_protos(self) -> Mapping[str, Any]:
        """Signature key -> `SignatureDef`, as the SavedModel writes it."""
        return self._meta_graph.signature_def

    @cached_property
    def config(self) -> dict[str, Any] | None:
        """The configuration among the assets, None when there is none."""
        try:
            return json.loads((self.path / "assets" / "config.json").read_text())
        except (OSError, ValueError):
            return None

    def run(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        *,
        timeout: float | None = None,
        in_caller: bool = False,
    ) -> dict[str, np.ndarray]:
        """Computes `outputs` of a signature; blocks until done, safe from many threads.

        Args:
            signature: Key of the signature.
            inputs: alias -> array, one for each input.
            outputs: Aliases of the wanted outputs.
            timeout: Seconds until TensorFlow gives up.
            in_caller: Whether the operations run in this thread, see `is_bounded`.

        Raises:
            StatusError: TensorFlow refused the inputs, failed or ran out of time.
        """
        run = self._session_run(signature, outputs)
        milliseconds = 0 if timeout is None else max(1, round(timeout * 1000))
        with self._idle:
            self._n_running += 1
        try:
            values = run(inputs, milliseconds=milliseconds, in_caller=in_caller)
        except tf.errors.OpError as error:
            raise status_error(error) from error
        except (TypeError, ValueError) as error:
            raise StatusError(Code.INVALID_ARGUMENT, str(error)) from error
        finally:
            with self._idle:
                self._n_running -= 1
                self._idle.notify_all()
        return {alias: values[alias] for alias in outputs}

    def close(self) -> None:
        """Frees the memory of the version, once no run uses it any more."""
        with self._idle:
            self._idle.wait_for(lambda: self._n_running == 0)
        self._runs.clear()
        self._session.close()
        self._folder.close()

    def is_bounded(self, signature: str, outputs: Sequence[str]) -> bool:
        """Whether the sizes of its inputs alone bound the time of a run."""
        return self._session_run(signature, outputs).is_bounded

    def _session_run(self, signature: str, outputs: Sequence[str]) -> SessionRun:
        """Returns what computes `outputs`, and perhaps more.

        The first choices of outputs get runs of their own, which leave out what nobody asked for;
        for all others everything is computed.
        """
        choice = tuple(sorted(outputs))
        run = self._runs.get(signature, {}).get(choice)
        return self._prepared(self.signatures[signature], choice) if run is None else run

    def _prepared(self, signature: Signature, choice: tuple[str, ...]) -> SessionRun:
        with self._lock:
            runs = self._runs.setdefault(signature.name, {})
            if choice not in runs and len(runs) >= MOST_CHOICES:
                choice = tuple(sorted(signature.outputs))
            if choice not in runs:
                runs[choice] = self._prepare(signature, choice)
            return runs[choice]

    def _prepare(self, signature: Signature, outputs: Sequence[str]) -> SessionRun:
        inputs = {alias: tensor.name for alias, tensor in signature.inputs.items()}
        fetched = {alias: signature.outputs[alias].name for alias in outputs}
        bounded = is_bounded(self._meta_graph.graph_def, inputs.values(), fetched.values())
        return SessionRun(self._session, inputs, fetched, is_bounded=bounded)


def status_error(error: tf.errors.OpError) -> StatusError:
    """Translates an error of TensorFlow, without what Python's session adds to it."""
    message = re.sub(r"^Graph execution error:\s*", "", error.message or str(error))
    message = re.sub(r"^Detected at node .*?\n(?:Node: .*?\n)+", "", message, flags=re.DOTALL)
    message = re.split(r"\n\s*(?:Original stack trace|\[\[\{\{(?:function_)?node)", message)[0]
    return StatusError(Code(error.error_code), message.strip())


def _load(
    path: Path, stack: contextlib.ExitStack, config: Any, tags: Sequence[str]
) -> tuple[Any, Any]:
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph, config=config)
    try:
        with graph.as_default():
            literal = stack.enter_context(literal_path(path))
            return session, tf.compat.v1.saved_model.load(session, list(tags), literal)
    except tf.errors.OpError as error:
        session.close()
        raise status_error(error) from error
    except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        session.close()
        message = f"SavedModel {path} cannot be loaded: {' '.join(str(error).split())}"
        raise StatusError(Code.INVALID_ARGUMENT, message) from error
