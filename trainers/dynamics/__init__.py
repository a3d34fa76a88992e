"""Command that trains a model of dynamics."""
