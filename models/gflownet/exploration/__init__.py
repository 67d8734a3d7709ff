"""Where training trajectories come from: one file per behaviour, all behind `contract.Behaviour`."""
