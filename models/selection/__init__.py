"""From many scored candidates to one batch. Knows similarities, not what the objects are."""
