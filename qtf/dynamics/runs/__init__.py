"""Trainings and fits of models of dynamics as settings ask."""
