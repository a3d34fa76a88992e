"""The one training loop; knows no physics and no model."""
