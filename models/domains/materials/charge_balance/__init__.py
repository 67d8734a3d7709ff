"""Elements, their oxidation states, and which amounts of them are neutral. Torch-free; knows no specification."""
