"""What a campaign has brought so far, in numbers and plain sentences.

From stored results and summaries, torch-free.
"""
