"""The sections of the results, by name."""

from reproduce.sections import dynamics, full_scale, ground_states, growth, open_systems, samplers

SECTIONS = {
    section.name: section
    for section in (
        dynamics.SECTION,
        ground_states.SECTION,
        growth.SECTION,
        open_systems.SECTION,
        samplers.SECTION,
        full_scale.SECTION,
    )
}
DEFAULT = dynamics.SECTION.name
