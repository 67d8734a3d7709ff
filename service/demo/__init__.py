"""`assayflow demo`: a whole campaign over HTTP on real measured tables, with a simulated lab for what is proposed.

Speaks to the service as any client does; imports of it only the machine that starts it.
"""
