"""Packaging of qtf; tool settings are in pyproject.toml, tested pins in constraints.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "qtf/__init__.py").read_text())[1]

CONFIGS = {
    f"qtf.configs.{path.name}": f"configs/{path.name}"
    for path in sorted((HERE / "configs").iterdir())
    if any(path.glob("*.py"))
}

# Physics, the fit of a local generator, configurations, and every command as far as --help.
CORE = [
    "absl-py>=2.1",
    "ml-collections>=1.0",
    "numpy>=2.0",
    "scipy>=1.13",
    "threadpoolctl>=3.5",
    "tqdm>=4.66",
]
# qtf/extras.py names the extra of a package that is missing.
DATA = ["crc32c>=2.4", "tfrecord>=1.14.6"]
DASK = [*DATA, "dask[distributed]>=2024.1"]
LEARNING = ["crc32c>=2.4", "h5py>=3.10", "keras>=3.15,<3.16", "matplotlib>=3.8"]
TENSORFLOW = "tensorflow{}>=2.21,<2.22"
PROTOCOL = "tensorflow-serving-api>=2.21,<2.22"
# With the protocol, whose messages warm exported models up.
TENSORFLOW_LEARNING = [*LEARNING, PROTOCOL, "tensorboard>=2.21,<2.22"]
TRAIN = [*TENSORFLOW_LEARNING, TENSORFLOW.format("")]
GPU = [*TENSORFLOW_LEARNING, TENSORFLOW.format("[and-cuda]")]
PROBABILITY = [*TRAIN, "tensorflow-probability>=0.25", "tf-keras>=2.21,<2.22"]
JAX = [*LEARNING, "jax>=0.6"]
SERVE = [
    "grpcio>=1.60",
    "grpcio-health-checking>=1.60",
    "grpcio-reflection>=1.60",
    "httptools>=0.6",
    "matplotlib>=3.8",
    "orjson>=3.10",
    PROTOCOL,
    TENSORFLOW.format(""),
    "uvicorn>=0.30",
    "uvloop>=0.21",
]
ALL = sorted({*DASK, *PROBABILITY, *JAX, *SERVE})
DOCS = [
    *ALL,
    "furo>=2025.9",
    # Notebooks are run by a kernel of Jupyter; the site shows what is stored.
    "ipykernel>=6.29",
    "latex2mathml>=3.78",
    "myst-parser>=4.0",
    "nbclient>=0.10",
    "nbformat>=5.10",
    "pillow>=10.0",
    "sphinx>=8.2",
    "sphinx-copybutton>=0.5",
]
TEST = [
    *DOCS,
    "hypothesis>=6.100",
    "import-linter>=2.0",
    "kubernetes-validate>=1.34",
    "mypy>=1.10",
    "prometheus_client>=0.20",
    "psutil>=5.9",
    "pytest>=8.0",
    "pytest-xdist>=3.6",
    "PyYAML>=6.0",
    "ruff>=0.9",
]
PYTHONS = ("3.11", "3.12", "3.13")
ROOMS = ("commands", "qtf", "data_gen", "trainers", "serving")

setup(
    name="qtf",
    version=VERSION,
    description="Quantum many-body physics with TensorFlow and Keras",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        *(f"Programming Language :: Python :: {version}" for version in PYTHONS),
        "Topic :: Scientific/Engineering :: Physics",
        "Typing :: Typed",
    ],
    python_requires=">=3.11,<3.14",
    packages=[
        *find_packages(include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")]),
        *CONFIGS,
    ],
    # At the top level of the clone, where users look; installed, a folder of that name would be
    # anybody's.
    package_dir=CONFIGS,
    package_data={"qtf": ["py.typed"], "qtf.physics": ["*.json"], "serving.page": ["static/*"]},
    install_requires=CORE,
    extras_require={
        "data": DATA,
        "train": TRAIN,
        "serve": SERVE,
        "probability": PROBABILITY,
        "gpu": GPU,
        "jax": JAX,
        "dask": DASK,
        "all": ALL,
        "docs": DOCS,
        "test": TEST,
        "benchmarks": ["psutil>=5.9"],
    },
    entry_points={
        "console_scripts": [
            "qtf = commands.__main__:main",
            "qtf-generate = data_gen.generate:main",
            "qtf-verify = data_gen.verify:main",
            "qtf-import = data_gen.import_arrays:main",
            "qtf-train = trainers.dynamics.__main__:main",
            "qtf-ground-state = trainers.ground_state.__main__:main",
            "qtf-sweep = trainers.sweep.__main__:main",
            "qtf-open-system = trainers.open_system.__main__:main",
            "qtf-trajectories = trainers.trajectories.__main__:main",
            "qtf-simulate-shots = data_gen.simulate_shots.__main__:main",
            "qtf-learn-shots = trainers.learn_shots.__main__:main",
            "qtf-plan-shots = trainers.plan_shots.__main__:main",
            "qtf-predict-shots = trainers.predict_shots.__main__:main",
            "qtf-compare-samplers = trainers.compare_samplers.__main__:main",
            "qtf-evaluate = trainers.evaluate.__main__:main",
            "qtf-export = trainers.export.__main__:main",
            "qtf-serve = serving.server:main",
            "qtf-predict = serving.predict:main",
        ]
    },
)
