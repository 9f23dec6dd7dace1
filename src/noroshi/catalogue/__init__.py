"""Data files in, checked models out."""
