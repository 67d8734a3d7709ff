"""The kinds of connectors that ship with the product, one module each; `service.lims.registry` finds them."""
