"""Routes of synthesis as states of a GFlowNet: masks, steps, encodings."""
