"""What is behind the command that compares a model of dynamics with exact evolution."""
