"""The shapes of answers, as typed dictionaries; a newer service may send further members."""
