"""Detections in, tracks and forecasts out."""
