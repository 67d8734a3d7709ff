"""What a campaign has brought so far, in numbers and plain sentences: from stored results and summaries, torch-free."""
