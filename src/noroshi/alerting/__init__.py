"""Forecasts in, alerts out."""
