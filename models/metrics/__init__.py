"""How good objects are, and how good predictions were: diversity, hypervolume, calibration."""
