"""Labs whose answers are computed: everything that a domain builds can be measured. They know no method."""
