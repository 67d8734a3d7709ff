"""What a campaign asks for as a whole, and what people ask of a trained one. Torch-free."""
