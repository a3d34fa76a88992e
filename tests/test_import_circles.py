"""No modules import one another in a circle, not even within functions."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = (
    "commands",
    "qtf",
    "data_gen",
    "trainers",
    "serving",
    "reports",
    "reproduce",
    "benchmarks",
)


def sort(imports):
    """Returns modules, each after all that it imports."""
    return list(TopologicalSorter(imports).static_order())


def test_modules_can_be_put_in_an_order():
    graph = grimp.build_graph(*PACKAGES)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    # A package and what it hands on from its own modules are one.
    for name in graph.modules:
        imports[name] = {module for module in imports[name] if not name.startswith(f"{module}.")}
    assert len(sort(imports)) > 300


def test_a_circle_would_be_seen():
    with pytest.raises(CycleError):
        sort({"a": {"b"}, "b": {"c"}, "c": {"a"}})
