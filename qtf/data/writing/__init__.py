"""Folders of trajectories as they are filled: files, journal, manifest. No TensorFlow."""
