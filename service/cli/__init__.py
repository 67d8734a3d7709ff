"""The `assayflow` command, one module per subject."""
