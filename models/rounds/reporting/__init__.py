"""What a round tells: candidates, summary, diagnosis, advice."""
