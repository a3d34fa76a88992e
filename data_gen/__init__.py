"""Commands that compute trajectories, write them as shards, and verify them."""
