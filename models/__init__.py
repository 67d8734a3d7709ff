"""The science of Assayflow: it knows no web, no database and no queue."""

__distribution__ = "assayflow"
