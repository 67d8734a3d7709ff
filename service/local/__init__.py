"""The service on one machine: embedded servers, the parts that run, keys at the console."""
