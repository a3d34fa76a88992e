"""The Kubernetes objects of deploy/, as they are and as our own server's component patches them."""

from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "kubernetes"
COMPONENT = FOLDER / "qtf_serve"


def documents(path):
    """Returns all objects of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def stock_objects():
    """Returns kind -> object with the stock server."""
    found = [document for path in sorted(FOLDER.glob("*.yaml")) for document in documents(path)]
    return {document["kind"]: document for document in found}


def our_objects():
    """Returns kind -> object with our own server, patched as kustomize does."""
    objects = stock_objects()
    component = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())
    for patch in component["patches"]:
        (change,) = documents(COMPONENT / patch["path"])
        objects[change["kind"]] = _merged(objects[change["kind"]], change)
    (image,) = component["images"]
    container = serving_container(objects)
    assert container["image"].partition(":")[0] == image["name"]
    container["image"] = f"{image['newName']}:{image['newTag']}"
    return objects


def serving_container(objects):
    """Returns the only container of the deployment."""
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    return container


def flags(container):
    """Returns flag -> value of a container's arguments."""
    return dict(word.removeprefix("--").split("=", 1) for word in container["args"])


def _merged(value, change):
    """Puts a strategic merge patch on a value: maps are merged, containers too, by their names."""
    if isinstance(value, dict) and isinstance(change, dict):
        merged = {key: _merged(value[key], change[key]) for key in value if key in change}
        return {**value, **change, **merged}
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        changes = {item["name"]: item for item in change}
        return [_merged(item, changes.get(item["name"], {})) for item in value]
    return change
