"""Results as they were measured: tables, assay versions, ranges, batch effects, outliers."""
