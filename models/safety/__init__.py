"""Safety filters: hazard lists of operators, and guardrails of campaigns."""
