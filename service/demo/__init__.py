"""`assayflow demo`: run a whole campaign over HTTP on real measured tables, with a simulated lab.

The demonstration calls the service as any client does. It imports the service only to start the local stack.
"""
