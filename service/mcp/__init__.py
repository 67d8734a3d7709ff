"""The campaigns of a workspace as tools of the Model Context Protocol, over the public HTTP API."""
