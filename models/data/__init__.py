"""Measured results: tables, assay versions, ranges, batch effects, outliers."""
