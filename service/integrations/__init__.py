"""Commands about connectors, their links and webhook endpoints, and what a worker does in their lanes."""
