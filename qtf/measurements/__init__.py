"""Learning Hamiltonians, noise and readout errors from shots; NumPy and SciPy only."""

from qtf.lazy_names import lazy_names

_PLACES = {
    "Experiments": "qtf.measurements.experiments",
    "LearnedParameters": "qtf.measurements.learned",
    "PatchFitting": "qtf.measurements.chain_fit",
    "Plan": "qtf.measurements.planning",
    "Prediction": "qtf.measurements.predictions",
    "ShotFit": "qtf.measurements.result",
    "Selection": "qtf.measurements.selection",
    "ShotModel": "qtf.measurements.model",
    "Setting": "qtf.measurements.experiments",
    "TrajectoryModel": "qtf.measurements.trajectories",
    "dictionary_words": "qtf.measurements.selection",
    "WholeFitting": "qtf.measurements.fit",
    "exact_means": "qtf.measurements.predictions",
    "expected_errors": "qtf.measurements.planning",
    "expected_information": "qtf.measurements.planning",
    "find_plateau": "qtf.measurements.plateau",
    "fit_chain": "qtf.measurements.chain_fit",
    "fit_shots": "qtf.measurements.fit",
    "fit_words": "qtf.measurements.fit",
    "local_words": "qtf.measurements.words",
    "plan_shots": "qtf.measurements.planning",
    "predict_means": "qtf.measurements.predictions",
    "random_settings": "qtf.measurements.drawn_settings",
    "read_shapes": "qtf.measurements.shape_files",
    "read_experiments": "qtf.measurements.formats",
    "select_words": "qtf.measurements.selection",
    "simulate_shots": "qtf.measurements.simulation",
    "write_experiments": "qtf.measurements.formats",
    "write_report": "qtf.measurements.report",
}
__all__ = [*_PLACES]
__getattr__, __dir__ = lazy_names(__name__, _PLACES)
