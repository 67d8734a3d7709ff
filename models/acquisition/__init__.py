"""How promising a posterior is: one file per acquisition, all behind `contract.Acquisition`."""
