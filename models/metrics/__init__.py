"""Metrics of objects and predictions: diversity, hypervolume, calibration."""
