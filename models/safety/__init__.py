"""What must not be proposed: hazard lists of operators, and guardrails of campaigns."""
