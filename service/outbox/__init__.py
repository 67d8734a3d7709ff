"""Write down, in the transaction that causes it, what connectors and webhook endpoints are to hear."""
