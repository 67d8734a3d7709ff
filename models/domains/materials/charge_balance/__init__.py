"""Elements, oxidation states and neutral compositions. Torch-free; knows no specification."""
