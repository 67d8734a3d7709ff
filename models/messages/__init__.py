"""Messages as data: a code and its parameters, rendered to English by one catalogue. Torch-free."""
