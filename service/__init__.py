"""HTTP, campaign logic and persistence of Assayflow: it knows the specifications of the science and loads no torch."""
