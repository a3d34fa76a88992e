"""What is behind the command that trains a model of dynamics."""
