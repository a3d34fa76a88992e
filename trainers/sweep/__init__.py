"""Many runs of one trainer over settings and seeds."""
