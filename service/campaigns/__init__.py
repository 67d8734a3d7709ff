"""The logic of campaigns: commands and queries of users, rounds of workers. Knows no HTTP and no torch."""
