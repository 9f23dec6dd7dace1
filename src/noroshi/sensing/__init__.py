"""Truth in, detections out."""
