"""The HTTP edge: one router per resource. It holds no SQL and no rules of a campaign."""
