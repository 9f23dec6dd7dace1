"""One file per number that we promise: `make bench` runs them all."""
