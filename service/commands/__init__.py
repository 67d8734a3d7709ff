"""The commands of `assayflow`, one module per subject: each exports `commands`, which `service.cli` puts together."""
