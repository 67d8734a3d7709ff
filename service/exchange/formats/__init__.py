"""One module per table format, found by looking: each exports `FORMAT`."""
