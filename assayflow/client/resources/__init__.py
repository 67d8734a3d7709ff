"""The resources of the API, one family of calls each: every call is described once, for both clients."""
