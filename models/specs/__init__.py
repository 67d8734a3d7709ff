"""What a user may ask for, as torch-free pydantic models shared by the API, the database and the workers."""
