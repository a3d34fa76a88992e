"""Versions of SavedModels: found, loaded, warmed up, batched, swapped and unloaded."""
