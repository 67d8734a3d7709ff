"""The typed summaries of rounds and of sampling jobs, as they are stored and answered. Torch-free."""
