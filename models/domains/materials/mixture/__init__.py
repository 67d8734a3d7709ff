"""Mixtures of components on a grid with process variables, or process conditions alone."""
