"""Run the service on one machine: embedded servers, supervised processes, and API keys from the console."""
