"""The simulated world, and one run of it."""
