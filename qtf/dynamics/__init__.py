"""Predicting the time evolution of spin chains."""
