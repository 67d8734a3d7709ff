"""The HTTP layer: one router per resource. It contains no SQL and no campaign rules."""
