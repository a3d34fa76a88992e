"""The open systems that are followed in time or brought to rest, and how exact they must be."""

from dataclasses import replace

from reproduce.engine.cases import Case

# Largest distance of an averaged Pauli matrix from its exact value, at any time or at the end, or
# only that of <Z> at the end.
ALWAYS, AT_THE_END, ONLY_Z = "largest_distance", "distance", "distance_of_z"
FIELDS = {field: f"ising_chain_6_{field}" for field in (1, 2, 3)}
# Runs of one system that differ by their seed, the first of them that of the configuration.
SEEDS = {0: FIELDS[2], **{seed: f"{FIELDS[2]}_seed_{seed}" for seed in (1, 2, 3)}}
STRINGS = {n_strings: f"heisenberg_square_{n_strings}" for n_strings in (1, 2, 4, 8)}


def _case(
    name: str,
    words: str,
    config: str,
    measure: str,
    *,
    limit: float | None = None,
    minutes: float = 3.0,
    flags: tuple[str, ...] = (),
) -> Case:
    config = f"configs/open_system/{config}"
    return Case(name, words, "trainers.open_system", config, flags, minutes, measure, limit)


def _chain_of_ising(name: str, field: int) -> Case:
    words = f"Ising chain of 6, g = {field}, steady"
    return _case(name, words, f"ising_chain.py:6,{field}.0", AT_THE_END, limit=0.02)


def _square_of_heisenberg(name: str, n_strings: int) -> Case:
    return _case(
        name,
        f"Heisenberg 3 x 3, Jy = 1.8, steady, strings: {n_strings}",
        f"heisenberg_square.py:1.8,{n_strings}",
        ONLY_Z,
        limit=0.02 if n_strings == 8 else None,
        minutes=8,
    )


def _chain_with_seed(name: str, seed: int) -> Case:
    words, flags = (
        f"Ising chain of 6, g = 2, steady, seed {seed}",
        (f"--config.training.seed={seed}",),
    )
    return _case(name, words, "ising_chain.py:6,2.0", AT_THE_END, flags=flags)


def _followed(
    name: str, words: str, *flags: str, chain: str = "4,1.0", limit: float = 1e-3
) -> Case:
    words, config = f"{words} to t = 5, by least squares", f"followed_chain.py:{chain}"
    return _case(name, words, config, ALWAYS, limit=limit, minutes=10, flags=flags)


def _searched(field: float, seed: int) -> Case:
    name = f"steady_chain_6_{field:g}".replace(".", "_") + f"_seed_{seed}"
    return _case(
        name,
        f"Ising chain of 6, g = {field:g}, steady, by least squares, seed {seed}",
        f"steady_chain.py:6,{field}",
        AT_THE_END,
        limit=1e-3,
        minutes=5,
        flags=(f"--config.training.seed={seed}",),
    )


def _of_square(coupling: float, words: str, config: str, measure: str) -> Case:
    name = f"{config}_{coupling:g}".replace(".", "_")
    words = f"Heisenberg 3 x 3, Jy = {coupling:g}, {words}, by least squares"
    return _case(name, words, f"{config}.py:{coupling},72", measure, limit=2e-3, minutes=15)


def _on_trajectories(field: float) -> Case:
    name = f"trajectories_16_{field:g}".replace(".", "_")
    return Case(
        name,
        f"Ising chain of 16, g = {field:g}, at rest by trajectories",
        "trainers.trajectories",
        f"configs/open_system/ising_chain.py:16,{field}",
        ("--n_trajectories=32",),
        minutes=15,
    )


def _sampled_small(field: float) -> Case:
    name = f"sampled_chain_6_{field:g}".replace(".", "_")
    words = f"Ising chain of 6, g = {field:g}, steady, by samples"
    return _case(name, words, f"sampled_chain.py:6,{field}", AT_THE_END, limit=3e-3, minutes=5)


def _sampled(field: float) -> Case:
    words = f"Ising chain of 16, g = {field:g}, steady, by samples"
    config = f"sampled_chain.py:16,{field}"
    case = _case(LARGE_FIELDS[field], words, config, AT_THE_END, limit=5e-3, minutes=20)
    return replace(case, reference=f"trajectories_16_{field:g}".replace(".", "_"))


# Runs of the chain of 16 in figure 3 by their fields, and the trajectories that they are held
# against.
LARGE_FIELDS = {
    field: f"sampled_chain_16_{field:g}".replace(".", "_")
    for field in (1.0, 1.375, 1.75, 2.125, 2.5)
}
REFERENCES = tuple(map(_on_trajectories, LARGE_FIELDS))
# Systems of 4 spins that differ from the Heisenberg chain in one thing each.
OTHERS = {
    "from_x": ("from ⟨X⟩ = 1", "--config.start=+x"),
    "from_y": ("from ⟨Y⟩ = 1", "--config.start=+y"),
    "from_z": ("from ⟨Z⟩ = 1", "--config.start=+z"),
    "from_minus_z": ("from ⟨Z⟩ = -1", "--config.start=-z"),
    "four_pauli": ("four-Pauli measurement", "--config.measurement=four_pauli"),
    "four_pauli_from_z": (
        "four-Pauli measurement, from ⟨Z⟩ = 1",
        "--config.measurement=four_pauli",
        "--config.start=+z",
    ),
    "dephasing": ("with dephasing", "--config.physics.jumps.dephasing=0.5"),
    "pump": ("with pump", "--config.physics.jumps.pump=0.5"),
}
CASES = (
    _case(
        "heisenberg_chain_4",
        "Heisenberg chain of 4 to t = 2",
        "heisenberg_chain.py:4",
        ALWAYS,
        limit=0.02,
        minutes=10,
    ),
    *(_chain_of_ising(name, field) for field, name in FIELDS.items()),
    *(_square_of_heisenberg(name, n_strings) for n_strings, name in STRINGS.items()),
    _case(
        "stiff_chain_4",
        "stiff Heisenberg chain of 4 to t = 0.2",
        "stiff_chain.py:4,0.0005",
        ALWAYS,
        minutes=10,
    ),
    _case(
        "stiff_chain_4_long",
        "stiff Heisenberg chain of 4 to t = 5",
        "stiff_chain.py:4,0.0075",
        ALWAYS,
        minutes=20,
    ),
    _case(
        "heisenberg_square_dynamics",
        "Heisenberg 3 x 3, Jy = 1.8, to t = 2",
        "heisenberg_square.py:1.8,1,dynamics",
        ALWAYS,
        minutes=60,
    ),
    *(_chain_with_seed(name, seed) for seed, name in SEEDS.items() if seed),
    _followed("followed_chain_4", "Heisenberg chain of 4"),
    _followed("followed_chain_6", "Heisenberg chain of 6", chain="6,1.0"),
    _followed("followed_stiff_4", "stiff Heisenberg chain of 4", chain="4,10.0", limit=5e-3),
    *(
        _followed(f"followed_chain_4_{name}", f"Heisenberg chain of 4, {words},", *flags)
        for name, (words, *flags) in OTHERS.items()
    ),
    *(_searched(field, seed) for field in (1.0, 1.5, 2.0, 2.5, 3.0) for seed in (0, 1, 2)),
    *(_of_square(coupling, "to t = 2", "followed_square", ALWAYS) for coupling in (1.0, 1.8)),
    *(_of_square(coupling, "steady", "steady_square", AT_THE_END) for coupling in (1.0, 1.8)),
    *map(_sampled_small, (1.0, 1.5, 2.0, 2.5, 3.0)),
    *map(_sampled, LARGE_FIELDS),
)
