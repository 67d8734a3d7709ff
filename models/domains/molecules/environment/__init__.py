"""Fragment trees as states of a GFlowNet: masks, steps, encodings."""
