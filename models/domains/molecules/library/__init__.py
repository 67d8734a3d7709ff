"""A list of molecules as the whole space: nothing is built, and a round scores every entry."""
