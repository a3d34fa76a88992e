"""Answers to Classify and Regress by both protocols."""

import numpy as np

from serving.models.served_model import Servable
from serving.protocol.inference import INPUTS, Classes, Task


async def infer(
    servable: Servable, task: Task, examples: np.ndarray, deadline: float
) -> Classes | np.ndarray:
    """Runs a signature on examples.

    Args:
        servable: The version that answers.
        task: What is asked of it.
        examples: Serialized examples, (n_examples,).
        deadline: Time of `time.monotonic` until which the answer is wanted.

    Returns:
        Classes, or of a regression values, (n_examples,).

    Raises:
        StatusError: The graph refuses the examples, its outputs are not those of the method, or
            time is up.
    """
    outputs = await servable.execution.run(
        task.signature, {INPUTS: examples}, task.outputs, deadline
    )
    return task.result(outputs, len(examples))
